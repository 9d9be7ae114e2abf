import { isIP } from 'node:net';
import { z } from 'zod';
import { listAlternatives } from './domain/checks/words.ts';

/** A setting with commas in it. */
export const list = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** A setting that is a number. Its messages follow the name of the variable. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const error = `must be a whole number ${range}`;
  return z.coerce
    .number({ error: 'must be a number' })
    .int({ error })
    .min(min, { error })
    .max(max, { error });
}

export const yes = z.enum(['yes', 'no', '']).transform((text) => text === 'yes');

/** The message of an issue whose schema has none. */
export function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'invalid_value') return undefined;
  const values = issue.values.map(String).filter((value) => value !== '');
  return `must be ${listAlternatives(values)}`;
}

export function isNameServer(text: string): boolean {
  const [, bracketed, bare, port] = /^(?:\[(.*)\]|(.*?))(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (isIP(text) !== 0) return true;
  return isIP(bracketed ?? bare ?? '') === (bracketed === undefined ? 4 : 6) && Number(port ?? 53) <= 65_535;
}

export function isProxy(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return text === 'loopback';
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
