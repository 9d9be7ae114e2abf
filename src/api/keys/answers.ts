import { z } from 'zod';
import { type ApiKey, KEY_STATES, SCOPES } from '../../domain/api-key.ts';
import { type Answer, count, time } from '../http/answer.ts';

/** The answers about keys. Only the answer that makes a key (`newApiKey`) holds the text that clients send. */
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
    replacedBy: z
      .string()
      .nullable()
      .meta({ description: 'The id of the key that replaced it in a rotation.' }),
    limits: z
      .object({
        requestsPerMinute: count.nullable(),
        mibPerMinute: count.nullable(),
        requestsAtOnce: count.nullable(),
      })
      .meta({
        id: 'KeyLimits',
        description:
          'Set by the operator for this key. Null: the limit of the tenant, or else of the process, applies.',
      }),
  })
  .meta({ id: 'ApiKey' });

export const newApiKey = apiKey
  .extend({
    key: z.string().meta({ description: 'The text that clients send. It is never shown again, so keep it.' }),
  })
  .meta({ id: 'NewApiKey' });

export const revokedKey = z
  .object({
    id: z.string(),
    stillActive: z
      .array(apiKey)
      .meta({ description: 'The other keys of the same rotations that still work.' }),
  })
  .meta({ id: 'RevokedKey' });

export function representKey(key: ApiKey): Answer<typeof apiKey> {
  return key;
}
