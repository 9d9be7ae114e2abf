import type { Request } from 'express';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';

/** The longest that an answer is held back, in seconds. */
export const MAX_WAIT_S = 30;

/** Characters of `Prefer` that are looked at: the expressions below take quadratic time. */
const MAX_PREFER_LENGTH = 500;

/** One preference with its parameters: whatever stands between commas, commas in quotes aside. */
const ITEM = /(?:[^",]|"(?:[^"\\]|\\.)*")+/g;
const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
/** The preference itself; `;` begins the parameters, and none of ours has any. */
const PREFERENCE = new RegExp(
  `^\\s*(${TOKEN})(?:\\s*=\\s*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?\\s*(?:;.*)?$`,
);

export interface Preferences {
  /** What can be known at once is to be refused at once (`handling=strict`, RFC 7240, 4.4). */
  readonly isStrict: boolean;
  /** Seconds to wait for the verdict (`wait=N`, 4.3), at most 30; null if the client does not. */
  readonly waitS: number | null;
  /** What `Preference-Applied` says; null where there is nothing to say. */
  readonly applied: string | null;
}

/** What the client prefers (`Prefer`, RFC 7240). What can't be read or is not known to us is left out, as it says. */
export function readPreferences(req: Request, { mayWait }: { mayWait: boolean }): Preferences {
  const given = parsePrefer(req.get('prefer') ?? '');
  const isStrict = given.get('handling')?.toLowerCase() === 'strict';
  const seconds = given.get('wait') ?? '';
  const waitS = mayWait && /^\d{1,9}$/.test(seconds) ? Math.min(Number(seconds), MAX_WAIT_S) : null;
  const applied = [isStrict ? 'handling=strict' : '', waitS === null ? '' : `wait=${waitS}`].filter(Boolean);
  return { isStrict, waitS, applied: applied.length === 0 ? null : applied.join(', ') };
}

/** By name in lower case; of a name given twice the first counts. Several headers come as one, joined by commas. */
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
  const detail = 'Idempotency-Key has to be 1 to 255 printable ASCII characters without blanks.';
  throw new AppError('invalid_request', { detail });
}
