import type { RequestHandler } from 'express';
import { v7 as uuidv7 } from 'uuid';
import type { Logger } from '../../telemetry/logger.ts';
import type { Principal } from './auth.ts';

/** Clients may send their own id, to find the request in their logs and in ours. */
export const identifyRequest: RequestHandler = (req, res, next) => {
  const given = req.headers['x-request-id'];
  const requestId = typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : uuidv7();
  res.locals['requestId'] = requestId;
  res.set('X-Request-Id', requestId);
  next();
};

/**
 * One line a request, once its answer is sent or its client is gone. Probes are logged at `debug`, because they come every second, and
 * their 503s are answers and not faults.
 */
export function logRequest(logger: Logger, isProbe: (path: string) => boolean): RequestHandler {
  return (req, res, next) => {
    const begin = performance.now();
    // Read now, because a closed socket has no address.
    const remoteAddress = req.ip;
    res.once('close', () => {
      const principal = res.locals['principal'] as Principal | undefined;
      logger[isProbe(req.path) ? 'debug' : 'info']({
        requestId: res.locals['requestId'] as string,
        ...(principal === undefined ? {} : { tenant: principal.tenant, keyId: principal.keyId }),
        remoteAddress,
        method: req.method,
        // Without the query, because it may hold secrets.
        path: req.path,
        status: res.statusCode,
        ms: Math.round(performance.now() - begin),
        ...(res.writableFinished ? {} : { aborted: true }),
      });
    });
    next();
  };
}
