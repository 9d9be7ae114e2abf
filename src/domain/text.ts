import { z } from 'zod';

/** Text that Postgres can store: without a NUL character and without half a surrogate pair. */
export const text = z
  .string()
  .refine((value) => !value.includes('\0'), { error: 'must not contain a NUL character' })
  .meta({ pattern: '^[^\\u0000]*$' })
  .refine((value) => value.isWellFormed(), { error: 'must be well-formed Unicode' });
