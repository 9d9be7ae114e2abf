import type { MikroORM } from '@mikro-orm/postgresql';
import { type RawBuilder, sql } from 'kysely';
import { SECRET_OVERLAP_H } from '../../domain/delivery.ts';
import type { EndpointSecrets } from '../../domain/ports/webhooks.ts';
import { query } from '../query.ts';

interface SecretColumns {
  readonly secret: Uint8Array;
  readonly previousSecret: Uint8Array | null;
}

/** Shows and rotates secrets of endpoints. Senders read them together with the delivery. */
export function createEndpointSecrets(orm: MikroORM): EndpointSecrets {
  /** Makes the endpoint's row. `onConflict` changes an existing row, so RETURNING has the row in both cases. */
  async function upsert(tenant: string, url: string, secret: Uint8Array, onConflict: RawBuilder<unknown>) {
    const { rows } = await query(orm, (db) =>
      sql<SecretColumns>`
        INSERT INTO endpoints AS e (id, owner, url, secret)
        SELECT endpoint_id(owner, url), owner, endpoint_url(url), secret
        FROM (VALUES (${tenant}::text, ${url}::text, ${Buffer.from(secret)}::bytea)) AS given (owner, url, secret)
        ON CONFLICT (id) DO UPDATE SET ${onConflict}
        RETURNING e.secret, CASE WHEN e.previous_secret_until > now() THEN e.previous_secret END AS "previousSecret"`.execute(
        db,
      ),
    );
    const [row] = rows;
    if (row === undefined) return null;
    return row.previousSecret === null ? [row.secret] : [row.secret, row.previousSecret];
  }

  return {
    async endpointIdOf(tenant, url) {
      const { rows } = await query(orm, (db) =>
        sql<{ id: string }>`SELECT endpoint_id(${tenant}, ${url}) AS id`.execute(db),
      );
      return rows[0]?.id ?? '';
    },

    async readOrCreate(tenant, url, secret) {
      return (await upsert(tenant, url, secret, sql`owner = excluded.owner`)) ?? [];
    },

    rotate: (tenant, url, secret, force) =>
      upsert(
        tenant,
        url,
        secret,
        sql`previous_secret = e.secret, secret = excluded.secret,
          previous_secret_until = now() + make_interval(hours => ${SECRET_OVERLAP_H})
          WHERE ${force}::boolean OR e.previous_secret_until IS NULL OR e.previous_secret_until <= now()`,
      ),
  };
}
