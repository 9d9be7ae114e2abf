import { sql } from 'kysely';

/** The columns of an `ApiKey`. The hash is not among them, so no answer can show it. */
export const KEY = sql`id, owner AS tenant, name, scopes,
  CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' ELSE 'active' END AS state,
  created_at AS "createdAt", expires_at AS "expiresAt",
  last_used_at AS "lastUsedAt", revoked_at AS "revokedAt", replaced_by AS "replacedBy",
  json_build_object('requestsPerMinute', requests_per_minute, 'mibPerMinute', mib_per_minute,
    'requestsAtOnce', requests_at_once) AS limits`;

export const IS_LIVE = sql`revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;
