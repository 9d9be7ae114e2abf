import { on } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { AppError } from '../../domain/errors.ts';
import { askForBody, hasBody } from './headers.ts';

/** Media types of bodies that are files. They may be large, so they are never held in memory. */
const FILE_TYPES = [
  'image/*',
  'application/octet-stream',
  'application/offset+octet-stream',
  'multipart/form-data',
] as const;

/** How many files may be arriving in one process at once. Each takes a descriptor and some 100 KiB of memory. */
export const FILES_AT_ONCE = 200;

/** Whether a `Content-Type` is one of the media types. `*` stands for any subtype. */
export function isOfType(contentType: string | undefined, types: readonly string[]): boolean {
  const [type = ''] = (contentType ?? '').trim().toLowerCase().split(/[\s;]/, 1);
  return types.some((one) => (one.endsWith('/*') ? type.startsWith(one.slice(0, -1)) : type === one));
}

/** The operations that take files. Any other body is small, whatever it calls itself. */
const TAKES_FILES = /^\/(assets\/image|uploads\/[^/?]+)\/?(\?|$)/i;

/** Whether a file follows the headers. */
export function bringsFile({ headers, method = '', url = '' }: IncomingMessage): boolean {
  const isTaken = (method === 'POST' || method === 'PATCH') && TAKES_FILES.test(url);
  return isTaken && isOfType(headers['content-type'], FILE_TYPES) && hasBody({ headers });
}

/** The declared length of the body. Null if it comes in chunks. */
export function lengthOf({ headers }: Pick<Request, 'headers'>): number | null {
  if (headers['transfer-encoding'] !== undefined) return null;
  return Number(headers['content-length'] ?? 0);
}

/** The stream pauses while a chunk is in work. Its own iterator would join what has come meanwhile into further buffers. */
const ONE_BY_ONE = { close: ['end', 'close'], highWaterMark: 1, lowWaterMark: 1 };

/**
 * Frees the memory of a chunk at once. V8 frees it only after some 64 MiB of them have come, so each process that takes uploads
 * would need that much more. A chunk that shares its memory with others is left to V8.
 */
function giveBack({ buffer, length }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0);
}

/**
 * The body, chunk by chunk. It is read no faster than the caller takes it, and no faster than the key may send (`pace.ts`). If
 * the caller stops, the connection stays open for the answer. A chunk is gone when the next one is asked for, unless `keepsChunks`.
 * @throws {AppError} `malformed_upload` if the body breaks off, `unsupported_media_type`
 */
export async function* readFile(
  req: Request,
  res: Response,
  { keepsChunks = false }: { keepsChunks?: boolean } = {},
): AsyncGenerator<Buffer> {
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new AppError('unsupported_media_type', {
      detail: 'The body is compressed. Send it as it is, without Content-Encoding.',
    });
  const pace = res.locals['pace'] as Pace | undefined;
  askForBody(req, res);
  // Its last event is over, and would be waited for without end.
  if (req.destroyed) throw new AppError('malformed_upload');
  try {
    for await (const [chunk] of on(req, 'data', ONE_BY_ONE) as AsyncIterable<[Buffer]>) {
      await pace?.(chunk.length);
      yield chunk;
      if (!keepsChunks) giveBack(chunk);
    }
    if (!req.complete) throw new Error('the connection was closed');
  } catch (cause) {
    throw new AppError('malformed_upload', { cause });
  }
}

/** Resolves when the key may send so many bytes more. */
export type Pace = (bytes: number) => Promise<void>;
