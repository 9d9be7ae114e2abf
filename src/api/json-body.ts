import express, { type RequestHandler } from 'express';
import { AppError } from '../domain/errors.ts';

const MAX_BODY_BYTES = 1024 * 1024;

const isJson = (type: string | undefined): boolean =>
  /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type?.trim() ?? '');

/** Reads a JSON body: 415 for another media type, 400 for broken JSON, 413 above 1 MiB. */
export function jsonBody({ optional = false } = {}): RequestHandler[] {
  const checkMediaType: RequestHandler = (req, _res, next) => {
    const isEmpty =
      req.headers['transfer-encoding'] === undefined && Number(req.headers['content-length'] ?? 0) === 0;
    if (isEmpty) {
      if (optional) return next();
      throw new AppError('malformed_json', { detail: 'The body is empty.' });
    }
    if (!isJson(req.headers['content-type'])) throw new AppError('unsupported_media_type');
    // body-parser would read a body that says it is too large to its end before it refuses it.
    if (Number(req.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw new AppError('body_too_large');
    return next();
  };
  // `strict: false`: a bare `"text"` or `1` is JSON too; what shape it should have is for the schema to say.
  return [checkMediaType, express.json({ limit: MAX_BODY_BYTES, strict: false, type: () => true })];
}
