import type { MikroORM } from '@mikro-orm/postgresql';
import { SECRET_OVERLAP_H } from '../../domain/delivery.ts';
import type { EndpointSecrets } from '../../domain/ports/webhooks.ts';
import { execute } from '../execute.ts';

interface SecretColumns {
  readonly secret: Uint8Array;
  readonly previousSecret: Uint8Array | null;
}

/** Makes the endpoint's row if there is none. The assignment makes RETURNING give the row that is there, too. */
const upsert = (
  onConflict: string,
  condition = 'true',
) => `INSERT INTO endpoints AS e (id, owner, url, secret)
  SELECT endpoint_id(owner, url), owner, endpoint_url(url), secret
  FROM (VALUES (?::text, ?::text, ?::bytea)) AS given (owner, url, secret)
  ON CONFLICT (id) DO UPDATE SET ${onConflict} WHERE ${condition}
  RETURNING e.secret, CASE WHEN e.previous_secret_until > now() THEN e.previous_secret END AS "previousSecret"`;

/** Secrets of endpoints, for those who show and rotate them; whoever sends reads them with the delivery. */
export function createEndpointSecrets(orm: MikroORM): EndpointSecrets {
  async function write(statement: string, tenant: string, url: string, secret: Uint8Array) {
    const [row] = await execute<SecretColumns>(orm, statement, [tenant, url, Buffer.from(secret)]);
    if (row === undefined) return null;
    return row.previousSecret === null ? [row.secret] : [row.secret, row.previousSecret];
  }

  return {
    async endpointIdOf(tenant, url) {
      const [row] = await execute<{ id: string }>(orm, 'SELECT endpoint_id(?, ?) AS id', [tenant, url]);
      return row?.id ?? '';
    },

    async readOrCreate(tenant, url, secret) {
      return (await write(upsert('owner = excluded.owner'), tenant, url, secret)) ?? [];
    },

    rotate: (tenant, url, secret, force) =>
      write(
        upsert(
          `previous_secret = e.secret, previous_secret_until = now() + interval '${SECRET_OVERLAP_H} hours',
           secret = excluded.secret`,
          force ? 'true' : 'e.previous_secret_until IS NULL OR e.previous_secret_until <= now()',
        ),
        tenant,
        url,
        secret,
      ),
  };
}
