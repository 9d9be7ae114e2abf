import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../../../src/db/assets/dispatch-queue.ts';
import { createDeliveryStore } from '../../../../src/db/deliveries/delivery-store.ts';
import { createValidationStore } from '../../../../src/db/assets/validation-store.ts';
import { type DatabaseOptions, openDatabase } from '../../../../src/db/orm.ts';
import { query, queryAsTenant } from '../../../../src/db/query.ts';
import { startEmbeddedPostgres } from '../../../../src/dev/embedded-postgres.ts';
import { freePort } from '../../../../src/dev/free-port.ts';
import { DEFAULT_TENANT } from '../../../../src/domain/api-key.ts';
import { KNOWN_BY_ALL } from '../../../../src/domain/needs.ts';
import { cloneDatabase, openOwnDatabase, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';

const ignore = () => undefined;
const submission = {
  assetPath: { location: 'local', path: './assets/rocket.jpg' },
  notifications: { onStart: 'https://receiver.example/hook' },
} as const;

describe('prepared statements', () => {
  let database: TestDatabase;
  const opened: MikroORM[] = [];

  beforeAll(async () => {
    database = await cloneDatabase();
  });
  afterAll(async () => {
    for (const orm of opened) await orm.close();
    await database.drop();
  });

  /** A pool of one connection, so questions about the session go to the session that worked. */
  async function openPool(url = database.url, more: Partial<DatabaseOptions> = {}): Promise<MikroORM> {
    const orm = await openDatabase({ url, poolMax: 1, ...more });
    opened.push(orm);
    return orm;
  }

  /** One asset, accepted and claimed. */
  async function work(orm: MikroORM): Promise<void> {
    const id = await createAssetStore(orm, ignore).accept(DEFAULT_TENANT, submission);
    const claim = await createValidationStore(orm, ignore).claim({ assetId: id, runId: `run-${id}` }, 1);
    expect(claim).toMatchObject({ outcome: 'owned', claims: 1 });
  }

  async function prepared(orm: MikroORM) {
    const { rows } = await query(orm, (db) =>
      sql<{ name: string; text: string; uses: number }>`
        SELECT name, statement AS text, (generic_plans + custom_plans)::integer AS uses
        FROM pg_prepared_statements`.execute(db),
    );
    const named = (pattern: RegExp) => rows.find(({ text }) => pattern.test(text));
    return { rows, accept: named(/INSERT INTO assets/), claim: named(/UPDATE assets/) };
  }

  it('serve the statements of every asset, and each connection prepares a text once', async () => {
    const orm = await openPool();
    for (let i = 0; i < 8; i += 1) await work(orm);
    const { rows, accept, claim } = await prepared(orm);
    expect(accept?.uses).toBe(8);
    expect(claim?.uses).toBe(8);
    expect(new Set(rows.map(({ text }) => text)).size).toBe(rows.length);
  });

  it('keep their plans: what is done for every asset is planned five times a connection, then no more', async () => {
    const orm = await openPool();
    const queue = createDispatchQueue(orm);
    const validations = createValidationStore(orm, ignore);
    const deliveries = createDeliveryStore(orm, { endpointsMax: 10 });
    const made = { status: 200, durationMs: 1, error: null, reason: null, excerpt: null };
    const rounds = 12;
    for (let i = 0; i < rounds; i += 1) {
      const id = await createAssetStore(orm, ignore).accept(DEFAULT_TENANT, submission);
      await queue.lease(8, { knows: KNOWN_BY_ALL });
      await queue.markDispatched({ id, attempt: 1, heldBy: `asset-${id}` });
      const run = { assetId: id, runId: `run-${id}` };
      const claim = await validations.claim(run, 1);
      const delivery = await deliveries.findPending(
        claim.outcome === 'owned' ? (claim.send?.deliveryId ?? '') : '',
      );
      if (delivery === null) throw new Error('no delivery');
      await deliveries.recordTry(delivery, made, 'delivered', null);
      await validations.finish(run, { state: 'complete', findings: [], steps: [], image: null });
    }
    const { rows } = await query(orm, (db) =>
      sql<{ text: string; custom: number }>`
        SELECT statement AS text, custom_plans::integer AS custom FROM pg_prepared_statements
        WHERE generic_plans + custom_plans >= ${rounds}`.execute(db),
    );
    expect(rows.length).toBeGreaterThanOrEqual(8);
    expect(rows.filter(({ custom }) => custom > 5)).toEqual([]);
  });

  it('of requests are planned for each tenant, because what suits a large one makes a small one read all rows', async () => {
    const orm = await openPool(database.url, { sees: 'tenant' });
    const assets = createAssetStore(orm, ignore);
    const rounds = 12;
    for (let i = 0; i < rounds; i += 1)
      await assets.page(i % 2 === 0 ? 'large' : 'small', { state: 'failed' }, { limit: 5 });
    const { rows } = await query(orm, (db) =>
      sql<{ custom: number; generic: number }>`
        SELECT custom_plans::integer AS custom, generic_plans::integer AS generic FROM pg_prepared_statements
        WHERE statement LIKE '%FROM listed_assets%'`.execute(db),
    );
    expect(rows).toEqual([{ custom: rounds, generic: 0 }]);
  });

  it('have one text for any number of rows', async () => {
    const orm = await openPool();
    const assets = createAssetStore(orm, ignore);
    for (const count of [1, 2, 7])
      await Promise.all(Array.from({ length: count }, () => assets.accept(DEFAULT_TENANT, submission)));
    const { rows } = await prepared(orm);
    expect(rows.filter(({ text }) => text.includes('INSERT INTO assets'))).toHaveLength(1);
  });

  it('are not made if they are switched off', async () => {
    const orm = await openPool(database.url, { preparedStatements: 'off' });
    await work(orm);
    expect((await prepared(orm)).rows).toEqual([]);
  });

  it('are made again when they are gone from the connection', async () => {
    const orm = await openPool();
    await work(orm);
    await query(orm, (db) => sql`DEALLOCATE ALL`.execute(db));
    await work(orm);
    await query(orm, (db) => sql`DISCARD ALL`.execute(db));
    await work(orm);
    expect((await prepared(orm)).claim?.uses).toBe(1);
  });

  it('are made again when a migration changes their columns, also inside a transaction', async () => {
    const orm = await openPool();
    await query(orm, (db) => sql`CREATE TABLE changing (id integer, value integer)`.execute(db));
    await query(orm, (db) => sql`INSERT INTO changing VALUES (1, 7)`.execute(db));
    const read = () => query(orm, (db) => sql`SELECT value FROM changing WHERE id = ${1}`.execute(db));
    const readInTransaction = () =>
      queryAsTenant(orm, DEFAULT_TENANT, (db) => sql`SELECT * FROM changing WHERE id = ${1}`.execute(db));
    expect((await read()).rows).toEqual([{ value: 7 }]);
    expect((await readInTransaction()).rows).toEqual([{ id: 1, value: 7 }]);
    await query(orm, (db) => sql`ALTER TABLE changing ALTER value TYPE text, ADD added boolean`.execute(db));
    expect((await read()).rows).toEqual([{ value: '7' }]);
    expect((await readInTransaction()).rows).toEqual([{ id: 1, value: '7', added: null }]);
  });

  it('are made again after a restart of Postgres', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'validatr-prepared-'));
    const port = await freePort();
    const start = () => startEmbeddedPostgres({ dataDir: join(dir, 'postgres'), port, log: ignore });
    let postgres = await start();
    const own = await openOwnDatabase(postgres.url);
    try {
      const orm = await openPool(postgres.url);
      for (let i = 0; i < 3; i += 1) await work(orm);
      expect((await prepared(orm)).claim?.uses).toBe(3);
      await postgres.stop();
      postgres = await start();
      await eventually(
        () =>
          work(orm).then(
            () => true,
            () => false,
          ),
        { what: 'an asset after the restart' },
      );
      await work(orm);
      expect((await prepared(orm)).claim?.uses).toBe(2);
    } finally {
      await own.drop();
      await postgres.stop();
      await rm(postgres.dataDir, { recursive: true, force: true });
      await rm(dir, { recursive: true, force: true });
    }
  });
});
