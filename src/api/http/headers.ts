import type { Request, RequestHandler, Response } from 'express';
import { AppError } from '../../domain/errors.ts';

/** Several times as many as browsers and proxies send. */
const MAX_HEADERS = 100;

/**
 * Refuses too many headers, because Node silently drops those beyond 2,000. Node itself bounds their size (`http-server.ts`).
 * Refuses a request without `Host` (RFC 9112, 3.2) and expectations that nobody knows (RFC 9110, 10.1.1), too.
 * @throws {AppError} `headers_too_large`, `malformed_http`, `expectation_failed`
 */
export const checkHeaders: RequestHandler = (req, _res, next) => {
  // `rawHeaders` holds names and values in turn.
  if (req.rawHeaders.length > 2 * MAX_HEADERS) throw new AppError('headers_too_large');
  const { host, expect } = req.headers;
  if (host === undefined && req.httpVersion === '1.1') throw new AppError('malformed_http');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    throw new AppError('expectation_failed');
  next();
};

/** Shared caches must not keep a tenant's data. The client's own cache may, and asks each time whether it is still current. */
export const keepPrivate: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'private, no-cache');
  next();
};

/** Whether a body follows the headers (RFC 9112, 6.3). */
export function hasBody({ headers }: Pick<Request, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

/** To be called before a body is read. A client that sent `Expect: 100-continue` has waited with it until now. */
export function askForBody(req: Request, res: Response): void {
  if (req.headers.expect !== undefined && req.httpVersion === '1.1') res.writeContinue();
}
