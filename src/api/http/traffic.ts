import type { Socket } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { AppError } from '../../domain/errors.ts';
import { bringsFile, FILES_AT_ONCE } from './file-body.ts';
import { hasBody } from './headers.ts';
import { sendProblem } from './problem.ts';

/** A body of 1 MiB has to arrive within this time. A usual body comes together with its headers. */
const BODY_TIMEOUT_MS = 10_000;

/** A file that brings less than this in this time is too slow. It may be a client that is gone. */
const LEAST_BYTES = 32 * 1024;
const LEAST_BYTES_IN_MS = 30_000;

/** The requests in flight in this process. */
export interface Traffic {
  /** To be called for each connection of the server. */
  connected(socket: Socket): void;
  /** While the process drains, every answer closes its connection, so the next request goes to another process. */
  readonly track: RequestHandler;
  /** Refuses requests above the limit before any of the body is read. @throws {AppError} `overloaded` */
  readonly limit: RequestHandler;
  isDraining(): boolean;
  /** Closes the connections that have never brought a whole request head. */
  closeSilent(): void;
  /** When the last request came, by `performance.now()`. Requests to health routes don't count. */
  lastRequestAt(): number;
  /** From now on `/readyz` says no. Everything else is answered as before. */
  drain(): void;
}

/**
 * A request counts as in flight from the end of its body, because before that the process only waits for its client. Requests
 * whose body is still coming have as many places of their own. When these are all taken, the request that has been sending the
 * longest is refused. So a client that sends its body at once always finds a place beside slow ones.
 *
 * Files have places of their own, too. One may arrive for hours, as long as it goes on.
 */
export function createTraffic({
  inFlightMax,
  bodyTimeoutMs = BODY_TIMEOUT_MS,
  fileTimeoutMs = LEAST_BYTES_IN_MS,
}: {
  inFlightMax: number;
  bodyTimeoutMs?: number;
  fileTimeoutMs?: number;
}): Traffic {
  const unanswered = new Set<Response>();
  /** Connections whose first request has not come yet. */
  const silent = new Set<Socket>();
  /** In order of arrival. */
  const sending = new Set<Response>();
  const files = new Set<Response>();
  let inFlight = 0;
  let draining = false;
  let lastRequestAt = Number.NEGATIVE_INFINITY;

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
    countFromEnd(req, res, () => {
      clearTimeout(timer);
      return sending.delete(res);
    });
  }

  function awaitFile(req: Request, res: Response): void {
    if (files.size >= FILES_AT_ONCE) throw new AppError('overloaded');
    files.add(res);
    let before = req.socket.bytesRead;
    const timer = setInterval(() => {
      const came = req.socket.bytesRead - before;
      before += came;
      // Bytes that wait to be read wait for our disk, not for the client.
      if (came < LEAST_BYTES && req.readableLength === 0) giveUp(res);
    }, fileTimeoutMs);
    countFromEnd(req, res, () => {
      clearInterval(timer);
      return files.delete(res);
    });
  }

  /** `stopWaiting` returns whether the body was still waited for. */
  function countFromEnd(req: Request, res: Response, stopWaiting: () => boolean): void {
    req.once('end', () => {
      if (stopWaiting() && !res.closed) count(res);
    });
    res.once('close', stopWaiting);
  }

  function giveUp(res: Response): void {
    sending.delete(res);
    // Part of an answer is sent already, so the connection is cut.
    if (res.headersSent) return void res.req.socket.destroy();
    res.set('Connection', 'close');
    sendProblem(res, new AppError('request_timeout'));
  }

  return {
    connected(socket) {
      silent.add(socket);
      socket.once('close', () => silent.delete(socket));
    },

    closeSilent() {
      for (const socket of silent) socket.destroy();
    },

    track(req, res, next) {
      silent.delete(req.socket);
      // Node turns this into `Connection: close`, whichever code writes the answer.
      if (draining) res.shouldKeepAlive = false;
      unanswered.add(res);
      res.once('close', () => unanswered.delete(res));
      next();
    },

    limit(req, res, next) {
      lastRequestAt = performance.now();
      if (inFlight >= inFlightMax) throw new AppError('overloaded');
      if (bringsFile(req)) awaitFile(req, res);
      else if (hasBody(req)) awaitBody(req, res);
      else count(res);
      next();
    },

    isDraining: () => draining,
    lastRequestAt: () => lastRequestAt,

    drain() {
      draining = true;
      for (const res of unanswered) res.shouldKeepAlive = false;
    },
  };
}
