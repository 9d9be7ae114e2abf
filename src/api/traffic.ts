import type { RequestHandler, Response } from 'express';
import { AppError } from '../domain/errors.ts';

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

export function createTraffic({ inFlightMax }: { inFlightMax: number }): Traffic {
  const unanswered = new Set<Response>();
  let inFlight = 0;
  let draining = false;

  return {
    track(_req, res, next) {
      // Node turns this into `Connection: close`, whoever writes the answer.
      if (draining) res.shouldKeepAlive = false;
      unanswered.add(res);
      res.once('close', () => unanswered.delete(res));
      next();
    },

    limit(_req, res, next) {
      if (inFlight >= inFlightMax) throw new AppError('overloaded');
      inFlight += 1;
      res.once('close', () => {
        inFlight -= 1;
      });
      next();
    },

    isDraining: () => draining,

    drain() {
      draining = true;
      for (const res of unanswered) res.shouldKeepAlive = false;
    },
  };
}
