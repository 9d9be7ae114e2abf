import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../../../src/db/assets/asset-store.ts';
import { createValidationStore } from '../../../../src/db/assets/validation-store.ts';
import { createDeliveryLog } from '../../../../src/db/deliveries/delivery-log.ts';
import { type Database, query } from '../../../../src/db/query.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../../src/dev/embedded-postgres.ts';
import { freePort } from '../../../../src/dev/free-port.ts';
import { DEFAULT_TENANT } from '../../../../src/domain/api-key.ts';
import { createLogger } from '../../../../src/telemetry/logger.ts';
import { openOwnDatabase, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';

const TOKEN = 'token-of-a-webhook';
const URL = `https://receiver.example/${TOKEN}?key=${TOKEN}`;

/** Rows with this URL fail in every way that a statement can. */
describe('a statement that fails', () => {
  const serverLog: string[] = [];
  const ourLog: string[] = [];
  let dir: string;
  let postgres: EmbeddedPostgres;
  let database: TestDatabase;
  let deliveryId: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-server-log-'));
    postgres = await startEmbeddedPostgres({
      dataDir: join(dir, 'postgres'),
      port: await freePort(),
      log: (line) => serverLog.push(line),
    });
    database = await openOwnDatabase(postgres.url);
    const ignore = () => undefined;
    const assetId = await createAssetStore(database.orm, ignore).accept(DEFAULT_TENANT, {
      assetPath: { location: 'local', path: 'x.jpg' },
      notifications: { onStart: URL, onSuccess: URL },
    });
    const claim = await createValidationStore(database.orm, ignore).claim({ assetId, runId: 'run' }, 1);
    deliveryId = (claim.outcome === 'owned' && claim.send?.deliveryId) || '';
    await createDeliveryLog(database.orm, ignore).sendTest(DEFAULT_TENANT, URL);
  });
  afterAll(async () => {
    await database?.drop();
    await postgres?.stop();
    if (postgres !== undefined) await rm(postgres.dataDir, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
  });

  const logger = createLogger(
    'info',
    'worker',
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        ourLog.push(chunk.toString());
        done();
      },
    }),
  );

  /** Runs a statement that fails, and logs its error as our programs do. */
  async function fail(run: (db: Database) => Promise<unknown>): Promise<void> {
    const err: unknown = await query(database.orm, run).then(
      () => null,
      (error: unknown) => error,
    );
    expect(err).not.toBeNull();
    logger.error({ err }, 'it failed');
  }

  /** Each of two transactions has one delivery, and wants the other's. */
  async function deadlock(): Promise<void> {
    const ids = (await database.query<{ id: string }>('SELECT id FROM deliveries ORDER BY id LIMIT 2')).map(
      ({ id }) => id,
    );
    let meet: () => void = () => undefined;
    const met = new Promise<void>((resolve) => {
      meet = resolve;
    });
    let arrived = 0;
    const lockBoth = (order: readonly string[]) =>
      query(database.orm, (db) =>
        db.transaction().execute(async (transaction) => {
          for (const id of order) {
            await sql`UPDATE deliveries SET body = ${`{"url":"${URL}"}`} WHERE id = ${id}`.execute(
              transaction,
            );
            arrived += 1;
            if (arrived === 2) meet();
            await met;
          }
        }),
      );
    const results = await Promise.allSettled([lockBoth(ids), lockBoth(ids.toReversed())]);
    for (const result of results)
      if (result.status === 'rejected') logger.error({ err: result.reason as unknown }, 'it failed');
  }

  async function cancel(): Promise<void> {
    const canceled = fail((db) => sql`SELECT pg_sleep(600), ${URL}::text AS url`.execute(db));
    await eventually(
      async () => {
        const rows = await database.query<{ done: boolean }>(
          `SELECT pg_cancel_backend(pid) AS done FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'`,
        );
        return rows.length > 0;
      },
      { what: 'the statement to cancel' },
    );
    await canceled;
  }

  it.each<[string, string, () => Promise<void>]>([
    [
      'a statement timeout',
      'canceling statement due to statement timeout',
      () =>
        fail((db) =>
          db.transaction().execute(async (transaction) => {
            await sql`SET LOCAL statement_timeout = 50`.execute(transaction);
            await sql`SELECT pg_sleep(600), ${URL}::text AS url`.execute(transaction);
          }),
        ),
    ],
    [
      'a row that violates a check',
      'violates check constraint',
      () =>
        fail((db) =>
          sql`UPDATE deliveries SET state = ${'lost'}, body = ${URL} WHERE id = ${deliveryId}`.execute(db),
        ),
    ],
    [
      'a missing value',
      'violates not-null constraint',
      () =>
        fail((db) =>
          sql`UPDATE deliveries SET due_at = NULL, body = ${URL} WHERE id = ${deliveryId}`.execute(db),
        ),
    ],
    [
      'a key that is there already',
      'duplicate key value violates unique constraint',
      () =>
        fail((db) =>
          sql`INSERT INTO idempotency_keys (owner, route, key, request_hash, asset_id)
              SELECT 'default', 'x', ${URL}, ''::bytea, asset_id FROM deliveries, generate_series(1, 2)
              WHERE id = ${deliveryId}`.execute(db),
        ),
    ],
    [
      'a row that something refers to',
      'violates foreign key constraint',
      () =>
        fail((db) =>
          sql`INSERT INTO delivery_tries (delivery_id, number, at, duration_ms, excerpt)
              VALUES (gen_random_uuid(), 1, now(), 1, ${URL})`.execute(db),
        ),
    ],
    [
      'JSON that is none',
      'invalid input syntax for type json',
      () => fail((db) => sql`SELECT ${`{"url":"${URL}"`}::jsonb AS json`.execute(db)),
    ],
    [
      'a value out of range',
      'division by zero',
      () => fail((db) => sql`SELECT length(${URL}::text) / ${0}::integer AS value`.execute(db)),
    ],
    ['a deadlock', 'deadlock detected', deadlock],
    ['a cancel', 'canceling statement due to user request', cancel],
  ])('leaves no URL in the log of Postgres nor in ours: %s', async (_what, message, provoke) => {
    serverLog.length = 0;
    ourLog.length = 0;
    await provoke();
    await eventually(() => serverLog.some((line) => line.includes(message)), { what: 'the line' });
    // The server writes the lines of an error at once. A line of a later statement shows that all have come.
    await database.query(`DO $$ BEGIN RAISE LOG 'the end'; END $$`);
    await eventually(() => serverLog.some((line) => line.includes('the end')), { what: 'the last line' });
    expect(ourLog.length).toBeGreaterThan(0);
    expect([...serverLog, ...ourLog].filter((line) => line.includes(TOKEN))).toEqual([]);
  });
});
