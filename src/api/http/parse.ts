import type { z } from 'zod';
import { AppError, type FieldFault } from '../../domain/errors.ts';
import { wordsOf } from './fault-words.ts';

/** How many faults one answer names. Otherwise a body of a thousand unknown keys would get an answer ten times its size. */
export const MAX_FAULTS = 20;

/** A body or query as the schema reads it. @throws {AppError} `invalid_request`, naming every field at fault */
export function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body, { error: wordsOf });
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues.flatMap(asFaults).slice(0, MAX_FAULTS));
}

/** One error that names all the faults. */
export function invalidRequest(faults: readonly FieldFault[]): AppError {
  const detail = faults.map((fault) => `${fault.pointer || 'the request'}: ${fault.detail}`).join('; ');
  return new AppError('invalid_request', { detail, faults });
}

function asFaults({ path, code, message, ...issue }: z.core.$ZodIssue): FieldFault[] {
  const pointer = path.map(asPointer).join('');
  if (!('keys' in issue) || code !== 'unrecognized_keys') return [{ pointer, code, detail: message }];
  return issue.keys.slice(0, MAX_FAULTS).map((key) => ({
    pointer: pointer + asPointer(key),
    code,
    detail: message,
  }));
}

/** One step of a JSON pointer (RFC 6901). */
export function asPointer(key: PropertyKey): string {
  return `/${String(key).slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
