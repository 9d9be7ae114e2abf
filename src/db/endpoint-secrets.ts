import type { MikroORM } from '@mikro-orm/postgresql';
import { DEFAULT_OWNER, SECRET_OVERLAP_H } from '../domain/delivery.ts';
import type { EndpointSecrets } from '../domain/webhook-ports.ts';
import { execute } from './execute.ts';

interface SecretColumns {
  readonly secret: Uint8Array;
  readonly previousSecret: Uint8Array | null;
}

/** Makes the endpoint's row if there is none. The assignment makes RETURNING give the row that is there, too. */
const upsert = (
  onConflict: string,
  condition = 'true',
) => `INSERT INTO endpoints AS e (id, owner, url, secret)
  VALUES (endpoint_id('${DEFAULT_OWNER}', ?), '${DEFAULT_OWNER}', endpoint_url(?), ?)
  ON CONFLICT (id) DO UPDATE SET ${onConflict} WHERE ${condition}
  RETURNING e.secret, CASE WHEN e.previous_secret_until > now() THEN e.previous_secret END AS "previousSecret"`;

/** Secrets of endpoints, for those who show and rotate them; whoever sends reads them with the delivery. */
export function createEndpointSecrets(orm: MikroORM): EndpointSecrets {
  async function write(statement: string, url: string, secret: Uint8Array) {
    const [row] = await execute<SecretColumns>(orm, statement, [url, url, Buffer.from(secret)]);
    if (row === undefined) return null;
    return row.previousSecret === null ? [row.secret] : [row.secret, row.previousSecret];
  }

  return {
    async endpointIdOf(url) {
      const [row] = await execute<{ id: string }>(orm, `SELECT endpoint_id('${DEFAULT_OWNER}', ?) AS id`, [
        url,
      ]);
      return row?.id ?? '';
    },

    async readOrCreate(url, secret) {
      return (await write(upsert('owner = excluded.owner'), url, secret)) ?? [];
    },

    rotate: (url, secret, force) =>
      write(
        upsert(
          `previous_secret = e.secret, previous_secret_until = now() + interval '${SECRET_OVERLAP_H} hours',
           secret = excluded.secret`,
          force ? 'true' : 'e.previous_secret_until IS NULL OR e.previous_secret_until <= now()',
        ),
        url,
        secret,
      ),
  };
}
