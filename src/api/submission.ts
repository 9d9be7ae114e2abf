import { z } from 'zod';
import { AppError, type FieldFault } from '../domain/errors.ts';
import type { Submission } from '../domain/ports.ts';

/** Longest path and URL taken, in characters: PATH_MAX of Linux, and what servers commonly accept as a URL. */
const MAX_PATH_LENGTH = 4096;
const MAX_URL_LENGTH = 8192;
const MAX_REASON_LENGTH = 1000;

/** Postgres can store any text but this character, and half a surrogate pair is no text. */
const text = z
  .string()
  .refine((value) => !value.includes('\0'), { error: 'must not contain a NUL character' })
  .refine((value) => value.isWellFormed(), { error: 'must be well-formed Unicode' });

/** `null` counts as missing. An unusable URL is no fault of the request: the pipeline reports it. */
const webhookUrl = text
  .max(MAX_URL_LENGTH)
  .nullish()
  .transform((url) => url ?? undefined);

const submission = z.strictObject({
  assetPath: z.discriminatedUnion('location', [
    z.strictObject({ location: z.literal('local'), path: text.min(1).max(MAX_PATH_LENGTH) }),
  ]),
  notifications: z
    .strictObject({ onStart: webhookUrl, onSuccess: webhookUrl, onFailure: webhookUrl, onCancel: webhookUrl })
    .nullish()
    .transform((notifications) => notifications ?? {}),
});

const cancelRequest = z.strictObject({ reason: text.max(MAX_REASON_LENGTH).nullish() });

/** @throws {AppError} `invalid_request`, naming every field at fault. */
export function parseSubmission(body: unknown): Submission {
  return parse(submission, body) as Submission;
}

/** The reason, if one is given. @throws {AppError} `invalid_request` */
export function parseCancelRequest(body: unknown): string | null {
  return parse(cancelRequest, body ?? {}).reason ?? null;
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap(asFaults);
  const detail = faults.map((fault) => `${fault.pointer || 'the body'}: ${fault.detail}`).join('; ');
  throw new AppError('invalid_request', { detail, faults });
}

function asFaults({ path, code, message, ...issue }: z.core.$ZodIssue): FieldFault[] {
  const pointer = path.map(asPointer).join('');
  if (!('keys' in issue) || code !== 'unrecognized_keys') return [{ pointer, code, detail: message }];
  return issue.keys.map((key) => ({
    pointer: pointer + asPointer(key),
    code,
    detail: 'is not a known field',
  }));
}

/** One step of a JSON pointer (RFC 6901). */
function asPointer(key: PropertyKey): string {
  return `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
