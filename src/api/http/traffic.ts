import type { Request, RequestHandler, Response } from 'express';
import { AppError } from '../../domain/errors.ts';
import { sendProblem } from './problem.ts';

/** A body of 1 MiB has to arrive within this time; a usual one comes with its headers. */
const BODY_TIMEOUT_MS = 10_000;

/** The requests under way in this process. */
export interface Traffic {
  /** While the process drains, every answer closes its connection: clients and proxies take the next elsewhere. */
  readonly track: RequestHandler;
  /** Refuses what exceeds the ceiling, before anything of the body is read. @throws {AppError} `overloaded` */
  readonly limit: RequestHandler;
  isDraining(): boolean;
  /** From now on `/readyz` says no; everything else is answered as before. */
  drain(): void;
}

/**
 * A request counts from the end of its body: until then it is its client that takes time, not we. Those whose body is
 * still coming have as many places of their own. When they are taken, the one that has been sending for the longest gives way:
 * however many send a byte now and then, who sends a body at once finds a place.
 */
export function createTraffic({
  inFlightMax,
  bodyTimeoutMs = BODY_TIMEOUT_MS,
}: {
  inFlightMax: number;
  bodyTimeoutMs?: number;
}): Traffic {
  const unanswered = new Set<Response>();
  /** In the order of their arrival. */
  const sending = new Set<Response>();
  let inFlight = 0;
  let draining = false;

  function count(res: Response): void {
    inFlight += 1;
    res.once('close', () => {
      inFlight -= 1;
    });
  }

  function awaitBody(req: Request, res: Response): void {
    const [longest] = sending;
    if (longest !== undefined && sending.size >= inFlightMax) giveUp(longest);
    sending.add(res);
    const timer = setTimeout(giveUp, bodyTimeoutMs, res);
    const stopWaiting = (): boolean => {
      clearTimeout(timer);
      return sending.delete(res);
    };
    req.once('end', () => {
      if (stopWaiting() && !res.closed) count(res);
    });
    res.once('close', stopWaiting);
  }

  function giveUp(res: Response): void {
    sending.delete(res);
    // Half an answer, to a client that has not said all: cut it.
    if (res.headersSent) return void res.req.socket.destroy();
    res.set('Connection', 'close');
    sendProblem(res, new AppError('request_timeout'));
  }

  return {
    track(_req, res, next) {
      // Node turns this into `Connection: close`, whoever writes the answer.
      if (draining) res.shouldKeepAlive = false;
      unanswered.add(res);
      res.once('close', () => unanswered.delete(res));
      next();
    },

    limit(req, res, next) {
      if (inFlight >= inFlightMax) throw new AppError('overloaded');
      if (hasBody(req)) awaitBody(req, res);
      else count(res);
      next();
    },

    isDraining: () => draining,

    drain() {
      draining = true;
      for (const res of unanswered) res.shouldKeepAlive = false;
    },
  };
}

/** Whether something follows the headers (RFC 9112, 6.3). */
export function hasBody({ headers }: Pick<Request, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}
