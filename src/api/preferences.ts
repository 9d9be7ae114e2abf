import type { Request } from 'express';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';

/** The longest that an answer is held back, in seconds. */
export const MAX_WAIT_S = 30;

/** Seconds that the client prefers to wait for the verdict (`Prefer: wait=N`, RFC 7240, 4.3), at most 30; null if it does not. */
export function preferredWaitS(req: Request): number | null {
  const [, seconds] =
    /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(req.get('prefer') ?? '') ?? [];
  return seconds === undefined ? null : Math.min(Number(seconds), MAX_WAIT_S);
}

export const idempotencyKeyHeader = z.string().regex(/^[\x21-\x7e]{1,255}$/);

/** The request's `Idempotency-Key`, if it has one. @throws {AppError} `invalid_request` */
export function idempotencyKey(req: Request): string | null {
  const key = req.get('idempotency-key');
  if (key === undefined) return null;
  if (idempotencyKeyHeader.safeParse(key).success) return key;
  const detail = 'Idempotency-Key has to be 1 to 255 printable ASCII characters without blanks.';
  throw new AppError('invalid_request', { detail });
}
