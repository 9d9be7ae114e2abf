import { z } from 'zod';
import { DEFAULT_OVERLAP_H, keyName, MAX_EXPIRY_DAYS, MAX_OVERLAP_H, SCOPES } from '../../domain/api-key.ts';

export const keyRequest = z.strictObject({
  name: keyName,
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .max(SCOPES.length)
    .transform((scopes) => [...new Set(scopes)]),
  /** Counted from now. `null` or missing: the key does not expire. */
  expiresInDays: z
    .int()
    .min(1)
    .max(MAX_EXPIRY_DAYS)
    .nullish()
    .transform((days) => days ?? null),
});

export const rotateRequest = z.strictObject({
  overlapHours: z.int().min(0).max(MAX_OVERLAP_H).default(DEFAULT_OVERLAP_H),
});
