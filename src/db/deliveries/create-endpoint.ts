import type { MikroORM } from '@mikro-orm/postgresql';
import { type RawBuilder, sql } from 'kysely';
import { query } from '../query.ts';

/** First key of the advisory locks of endpoints. It may be any number that no other lock uses. */
const LOCK = 7_203;

interface NewEndpoint {
  readonly deliveryId: string;
  readonly secret: Uint8Array;
  /** How many endpoints its tenant may have, unless an operator has set another number. */
  readonly max: number;
}

/**
 * Makes the row of a delivery's endpoint, or finds the row that another process has made meanwhile. Returns its `columns` (of
 * `e`). They are all null if the tenant has its maximum. Undefined if there is no such delivery.
 *
 * The limit is exact under concurrency, because the tenant's lock is held until the commit. The count is a second
 * statement, because a statement that waits for a lock does not see rows that are committed meanwhile. A tenant at its maximum takes no
 * lock. Rows are never deleted, so it stays at its maximum, and a flood of new URLs does not queue up here.
 */
export function createEndpointRow<Columns extends object>(
  orm: MikroORM,
  columns: RawBuilder<unknown>,
  { deliveryId, secret, max }: NewEndpoint,
): Promise<Columns | undefined> {
  return query(orm, (db) =>
    db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (transaction) => {
        await sql`
          SELECT pg_advisory_xact_lock(${LOCK}::integer, hashtext(owner)) FROM deliveries d
          WHERE id = ${deliveryId} AND (SELECT count(*) FROM endpoints e WHERE e.owner = d.owner) < ${maxOf('d', max)}`.execute(
          transaction,
        );
        const { rows } = await sql<Columns>`
          WITH wanted AS (
            SELECT endpoint_id AS id, owner, endpoint_url(url) AS url FROM deliveries WHERE id = ${deliveryId}
          ), created AS (
            INSERT INTO endpoints AS e (id, owner, url, secret)
            SELECT id, owner, url, ${Buffer.from(secret)}::bytea FROM wanted
            WHERE EXISTS (SELECT FROM endpoints made WHERE made.id = wanted.id)
               OR (SELECT count(*) FROM endpoints made WHERE made.owner = wanted.owner) < ${maxOf('wanted', max)}
            -- The assignment makes RETURNING give an existing row, too.
            ON CONFLICT (id) DO UPDATE SET owner = excluded.owner
            RETURNING *
          ) SELECT ${columns} FROM wanted LEFT JOIN created e ON true`.execute(transaction);
        return rows[0];
      }),
  );
}

/** The limit that an operator has set for the tenant of the row, and otherwise `max`. */
function maxOf(row: string, max: number) {
  return sql`coalesce((SELECT webhook_endpoints_max FROM tenants t WHERE t.owner = ${sql.ref(`${row}.owner`)}), ${max}::integer)`;
}
