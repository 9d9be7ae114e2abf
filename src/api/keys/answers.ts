import { z } from 'zod';
import { type ApiKey, KEY_STATES, keyState, SCOPES } from '../../domain/api-key.ts';
import { type Answer, time } from '../http/answer.ts';

/** What the API says of keys: nothing that would let someone use one, but to who has just made it. */
export const apiKey = z
  .object({
    id: z.string(),
    tenant: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    state: z.enum(KEY_STATES),
    createdAt: time,
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable().meta({ description: 'Exact to the minute.' }),
    revokedAt: time.nullable(),
    replacedBy: z.string().nullable().meta({ description: 'The key that a rotation made in its place.' }),
  })
  .meta({ id: 'ApiKey' });

export const newApiKey = apiKey
  .extend({ key: z.string().meta({ description: 'Shown this once: keep it.' }) })
  .meta({ id: 'NewApiKey' });

export function representKey(key: ApiKey): Answer<typeof apiKey> {
  return { ...key, state: keyState(key, new Date()) };
}
