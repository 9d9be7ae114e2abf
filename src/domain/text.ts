import { z } from 'zod';

/** Postgres can store any text but this character, and half a surrogate pair is no text. */
export const text = z
  .string()
  .refine((value) => !value.includes('\0'), { error: 'must not contain a NUL character' })
  .meta({ pattern: '^[^\\u0000]*$' })
  .refine((value) => value.isWellFormed(), { error: 'must be well-formed Unicode' });
