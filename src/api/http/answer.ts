import { z } from 'zod';
import type { Immutable } from '../../domain/immutable.ts';

/** The type that a function returns to answer as `Schema`: code that does not fit the document does not compile. */
export type Answer<Schema extends z.ZodType> = Immutable<z.input<Schema>>;

/** Written as ISO 8601 in UTC, with milliseconds. */
export const time = z.date();

export const uuid = z.uuid();

/** A whole number from 0. */
export const count = z.int().min(0);
