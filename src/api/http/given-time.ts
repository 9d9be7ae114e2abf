import { z } from 'zod';

/** Databases accept times between these. Nothing stored is older or newer, so a time outside counts as the bound. */
const FIRST_TIME = new Date('1970-01-01T00:00:00Z');
const LAST_TIME = new Date('9999-01-01T00:00:00Z');

/** A time in a request. */
export const givenTime = z.iso
  .datetime({ offset: true, error: 'must be a time as in 2026-01-31T12:00:00Z' })
  .transform((iso) => {
    const date = new Date(iso);
    if (date < FIRST_TIME) return FIRST_TIME;
    return date > LAST_TIME ? LAST_TIME : date;
  });
