import type { MikroORM } from '@mikro-orm/postgresql';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Tables } from './entities.ts';
import { guard } from './trouble.ts';
import { isStale } from './prepared-statements.ts';
import { connectionsOf } from './tenant-connections.ts';

/**
 * How a store runs a statement. `assets/accept-once.ts` has one of each kind. Every value is a bind parameter, so no text ever
 * holds one:
 *
 *     // One table, plain conditions: Kysely's builder, typed from `entities.ts`.
 *     await query(orm, (db) => db.deleteFrom('workers').where('id', '=', workerId).execute());
 *
 *     // Anything else: one template. `${value}` becomes $1, $2, …; `${sql`…`}` puts a fragment of ours into the text.
 *     const { rows } = await query(orm, (db) => sql<Row>`SELECT … WHERE id = ${id} AND ${UNATTENDED}`.execute(db));
 *
 *     // On behalf of a tenant: one transaction, in which Postgres shows the rows of this tenant only.
 *     const { rows } = await queryAsTenant(orm, tenant, (db) => sql<Row>`SELECT … WHERE owner = ${tenant}`.execute(db));
 *
 * - Each connection prepares each text once (`prepared-statements.ts`), so texts must come from a small set. A list is one array
 *   (`id = ANY (${ids}::uuid[])`, `FROM unnest(${ids}::uuid[], ${texts}::text[])`), never one `$n` for each element.
 * - If such an array is joined with a table, write `unnest((SELECT ${ids}::uuid[]))` (see `recordTries`).
 * - Postgres infers the type of `$n` from its place. Where it can't (`SELECT $1`, `$1 IS NULL`), write a cast: `${id}::uuid`.
 * - JSON is passed as text: `${JSON.stringify(value)}::jsonb`. A `Date` and a `Buffer` are passed as they are.
 * - Results have `Date` for timestamps, text for `bigint` (so also for `count(*)`), values for JSON, `Buffer` for bytea.
 * - The function may run again (see `againIfStale`), so it only runs statements and has no other effect.
 */
export type Database = Kysely<Tables>;

/**
 * Runs one statement on the pool, or one transaction of several (`db.transaction()`).
 * @throws {AppError} `database_unavailable`, `storage_full` or `internal`, as `guard` maps the driver's errors
 */
export function query<Result>(orm: MikroORM, run: (db: Database) => Promise<Result>): Promise<Result> {
  return guard(() => againIfStale(() => run(orm.em.getKysely<Tables>())));
}

/**
 * Runs statements of one tenant in one transaction. The policies of Postgres (migration 0005) show it the rows of
 * `validatr.tenant`, which is set here. They do not bind a pool that sees all rows, so each statement names the tenant, too. A tenant
 * has half of the pool's connections at most. Do not call it within `run`, because the inner call might wait for the outer one.
 * @throws {AppError} as `query` does
 */
export function queryAsTenant<Result>(
  orm: MikroORM,
  tenant: string,
  run: (transaction: Transaction<Tables>) => Promise<Result>,
): Promise<Result> {
  return connectionsOf(orm).use(tenant, () =>
    query(orm, (db) =>
      db.transaction().execute(async (transaction) => {
        await sql`SELECT set_config('validatr.tenant', ${tenant}, true)`.execute(transaction);
        return run(transaction);
      }),
    ),
  );
}

/** A connection renews its statements when one fails, so a transaction fails on each connection once at most. */
const MAX_STALE_CONNECTIONS = 20;

/**
 * Begins a transaction again if one of its prepared statements was no longer valid, because Postgres has then written nothing.
 * A statement on its own never gets here, because its connection prepares it again (`PreparingClient`).
 */
async function againIfStale<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isStale(error) || attempt > MAX_STALE_CONNECTIONS) throw error;
    }
  }
}
