import { z } from 'zod';
import { SCOPES } from '../../domain/api-key.ts';
import type { KeyStore } from '../../domain/ports/keys.ts';
import { type Answer, count, time } from '../http/answer.ts';
import { hasScope, principalOf } from '../http/auth.ts';
import { defineOperation } from '../http/operation.ts';
import { limitsOf, type QuotaLimits } from '../http/quotas.ts';

interface WhoamiDeps {
  readonly keys: KeyStore;
  readonly quotaLimits: Omit<QuotaLimits, 'inFlightMax'>;
}

const whoami = z
  .object({
    tenant: z.string(),
    key: z
      .object({ id: z.string(), name: z.string(), expiresAt: time.nullable() })
      .nullable()
      .meta({ description: 'Null if the API asks for no keys.' }),
    scopes: z.array(z.enum(SCOPES)).meta({
      description: 'All that the key may do. A key with `admin` has every scope.',
    }),
    quotas: z
      .object({ requestsPerMinute: count, bytesPerMinute: count, requestsAtOnce: count })
      .nullable()
      .meta({ description: 'What the key may use of one API process. Null: there is no limit.' }),
  })
  .meta({ id: 'Whoami' });

export const getWhoami = defineOperation({
  method: 'get',
  path: '/whoami',
  id: 'getWhoami',
  tag: 'keys',
  summary: 'Read what the caller is and may do',
  description:
    'Every key may read this, whatever its scopes. It does not count among the requests of the minute.',
  scope: 'any',
  isFree: true,
  replies: { 200: { description: 'The tenant, the key, its scopes and its quotas.', schema: whoami } },
  problems: ['database_unavailable'],
  handle:
    ({ keys, quotaLimits }: WhoamiDeps) =>
    async (_req, res) => {
      const principal = principalOf(res);
      const { tenant, keyId } = principal;
      const key = keyId === null ? null : await keys.find(tenant, keyId);
      const { requestsPerMinute, bytesPerMinute, atOnce } = limitsOf(principal, quotaLimits);
      res.json({
        tenant,
        key: key === null ? null : { id: key.id, name: key.name, expiresAt: key.expiresAt },
        scopes: SCOPES.filter((scope) => hasScope(res, scope)),
        quotas: keyId === null ? null : { requestsPerMinute, bytesPerMinute, requestsAtOnce: atOnce },
      } satisfies Answer<typeof whoami>);
    },
});
