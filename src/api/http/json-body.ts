import { isUtf8 } from 'node:buffer';
import express, { type RequestHandler, type Response } from 'express';
import { AppError } from '../../domain/errors.ts';
import { checkBounds } from './json-bounds.ts';
import { askForBody, hasBody } from './headers.ts';
import { findTypeFault } from './json-type.ts';

export const MAX_BODY_BYTES = 1024 * 1024;

/** `strict: false`, because a bare `"text"` or `1` is JSON too. The schema decides about the shape. */
const parseJson = express.json({
  limit: MAX_BODY_BYTES,
  strict: false,
  // A kilobyte can inflate to 1 MiB of zeros, so compressed bodies are refused.
  inflate: false,
  type: () => true,
  verify(_req, res, body) {
    (res as Response).locals['bodyBytes'] = body.length;
    // The parser would read these as something else: as no body, and as U+FFFD.
    if (body.length === 0) throw new Error('The body is empty');
    if (!isUtf8(body)) throw new Error('The body is not UTF-8');
  },
});

/** Reads a JSON body: 415 for another media type, 400 for broken JSON, 413 above 1 MiB, 422 for JSON out of bounds. */
export function jsonBody({ optional = false } = {}): RequestHandler {
  return (req, res, next) => {
    if (!hasBody(req)) {
      if (optional) return next();
      throw new AppError('malformed_json', { detail: 'The body is empty.' });
    }
    const typeFault = findTypeFault(req.headers['content-type']);
    if (typeFault !== null) throw new AppError('unsupported_media_type', { detail: typeFault });
    // body-parser refuses `utf8` as a charset. `verify` has the bytes checked.
    req.headers['content-type'] = 'application/json';
    // body-parser would read such a body to its end before it refuses it.
    if (Number(req.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw new AppError('body_too_large');
    askForBody(req, res);
    return parseJson(req, res, (fault) => {
      if (fault !== undefined) return next(fault);
      try {
        checkBounds(req.body);
      } catch (error) {
        return next(error);
      }
      return next();
    });
  };
}

/** JSON that is part of another body, within the same bounds. @throws {AppError} as `jsonBody` answers */
export async function readJson(body: AsyncIterable<Buffer>): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new AppError('body_too_large');
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (!isUtf8(bytes)) throw new AppError('malformed_json');
  const value = parseText(bytes.toString('utf8'));
  checkBounds(value);
  return value;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('malformed_json', { cause });
  }
}
