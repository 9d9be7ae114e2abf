import { IsolationLevel, type MikroORM } from '@mikro-orm/postgresql';
import { guard } from '../execute.ts';

/** Any number: it keeps these locks apart from others of two keys. */
const LOCK = 7_203;

/** `delivery` (its id) and what is to become of its endpoint. */
interface NewEndpoint {
  readonly deliveryId: string;
  readonly secret: Uint8Array;
  /** Endpoints that its tenant may have. */
  readonly max: number;
}

/**
 * Makes the row of a delivery's endpoint, or finds the one that another process has made meanwhile; `columns` are read of
 * it (as `e`), all of them null where the tenant has its maximum. Undefined if there is no such delivery.
 *
 * Exact under concurrency: who makes an endpoint holds its tenant's lock until the commit, and counts in a statement of
 * its own after that, for a statement that waits for a lock still sees what was there before it waited. A tenant at its
 * maximum takes no lock: rows are never deleted, so what is full stays full, and a flood of new URLs does not queue up here.
 */
export function createEndpointRow<Columns extends object>(
  orm: MikroORM,
  columns: string,
  { deliveryId, secret, max }: NewEndpoint,
): Promise<Columns | undefined> {
  const connection = orm.em.getConnection();
  return guard(() =>
    connection.transactional(
      async (transaction) => {
        const run = <Row extends object>(sql: string, params: unknown[]) =>
          connection.execute<Row[]>(sql, params, 'all', transaction);
        await run(
          `SELECT pg_advisory_xact_lock(${LOCK}, hashtext(owner)) FROM deliveries d
           WHERE id = ? AND (SELECT count(*) FROM endpoints e WHERE e.owner = d.owner) < ?`,
          [deliveryId, max],
        );
        const [row] = await run<Columns>(
          `WITH wanted AS (
             SELECT endpoint_id AS id, owner, endpoint_url(url) AS url FROM deliveries WHERE id = ?
           ), created AS (
             INSERT INTO endpoints AS e (id, owner, url, secret)
             SELECT id, owner, url, ? FROM wanted
             WHERE EXISTS (SELECT FROM endpoints made WHERE made.id = wanted.id)
                OR (SELECT count(*) FROM endpoints made WHERE made.owner = wanted.owner) < ?
             -- The assignment makes RETURNING give the row that is there, too.
             ON CONFLICT (id) DO UPDATE SET owner = excluded.owner
             RETURNING *
           ) SELECT ${columns} FROM wanted LEFT JOIN created e ON true`,
          [deliveryId, Buffer.from(secret), max],
        );
        return row;
      },
      { isolationLevel: IsolationLevel.READ_COMMITTED },
    ),
  );
}
