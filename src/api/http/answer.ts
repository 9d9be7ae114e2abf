import { z } from 'zod';
import type { Immutable } from '../../domain/immutable.ts';

/** What a function that represents something as `Schema` returns: the document says what the code gives. */
export type Answer<Schema extends z.ZodType> = Immutable<z.input<Schema>>;

/** Written as ISO 8601 in UTC, with milliseconds. */
export const time = z.date();

export const uuid = z.uuid();

/** Whole and not negative. */
export const count = z.int().min(0);
