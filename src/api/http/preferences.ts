import type { Request } from 'express';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';

/** The longest wait for a verdict, in seconds. */
export const MAX_WAIT_S = 30;

/** Only this many characters of `Prefer` are read, because the expressions below take quadratic time. */
const MAX_PREFER_LENGTH = 500;

/** One preference with its parameters: the text between commas. Commas in quotes do not count. */
const ITEM = /(?:[^",]|"(?:[^"\\]|\\.)*")+/g;
const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
/** The preference without its parameters, which begin with `;`. The known preferences have none. */
const PREFERENCE = new RegExp(
  `^\\s*(${TOKEN})(?:\\s*=\\s*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?\\s*(?:;.*)?$`,
);

export interface Preferences {
  /** Faults that can be known at once are refused at once (`handling=strict`, RFC 7240, 4.4). */
  readonly isStrict: boolean;
  /** Seconds to wait for the verdict (`wait=N`, 4.3), at most 30. Null: do not wait. */
  readonly waitS: number | null;
  /** The value of `Preference-Applied`. Null: no header. */
  readonly applied: string | null;
}

/** Reads `Prefer` (RFC 7240). Unknown and unreadable preferences are ignored, as the RFC says. */
export function readPreferences(req: Request, { mayWait }: { mayWait: boolean }): Preferences {
  const given = parsePrefer(req.get('prefer') ?? '');
  const isStrict = given.get('handling')?.toLowerCase() === 'strict';
  const seconds = given.get('wait') ?? '';
  const waitS = mayWait && /^\d{1,9}$/.test(seconds) ? Math.min(Number(seconds), MAX_WAIT_S) : null;
  const applied = [isStrict ? 'handling=strict' : '', waitS === null ? '' : `wait=${waitS}`].filter(Boolean);
  return { isStrict, waitS, applied: applied.length === 0 ? null : applied.join(', ') };
}

/** By name in lower case. If a name is given twice, the first counts. Node joins several headers by commas. */
function parsePrefer(header: string): Map<string, string> {
  const preferences = new Map<string, string>();
  for (const [item] of header.slice(0, MAX_PREFER_LENGTH).matchAll(ITEM)) {
    const [, name = '', token, quoted] = PREFERENCE.exec(item) ?? [];
    const value = token ?? quoted?.replaceAll(/\\(.)/g, '$1') ?? '';
    const key = name.toLowerCase();
    if (key !== '' && !preferences.has(key)) preferences.set(key, value);
  }
  return preferences;
}

export const idempotencyKeyHeader = z.string().regex(/^[\x21-\x7e]{1,255}$/);

/** The request's `Idempotency-Key`, if it has one. @throws {AppError} `invalid_request` */
export function idempotencyKey(req: Request): string | null {
  const key = req.get('idempotency-key');
  if (key === undefined) return null;
  if (idempotencyKeyHeader.safeParse(key).success) return key;
  const detail = 'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.';
  throw new AppError('invalid_request', { detail });
}
