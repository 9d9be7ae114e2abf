import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDispatchQueue } from '../../../../../src/db/assets/dispatch-queue.ts';
import { openDatabase } from '../../../../../src/db/orm.ts';
import { query } from '../../../../../src/db/query.ts';
import { KNOWN_BY_ALL } from '../../../../../src/domain/needs.ts';
import type { AssetToDispatch, DispatchQueue } from '../../../../../src/domain/ports/dispatch.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';

/** As many as the dispatcher leases at once. */
const PLACES = 8;

describe('leases in turns', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await cloneDatabase();
  });
  beforeEach(() => database.query('DELETE FROM assets'));
  afterAll(() => database?.drop());

  /** Rows of a tenant that wait, in this order. Returns their ids. */
  async function insertWaiting(owner: string, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => uuidv7());
    await database.query(
      `INSERT INTO assets (id, owner, location, path)
       SELECT value::uuid, ?, 'local', 'x.jpg' FROM jsonb_array_elements_text(?::jsonb)`,
      [owner, JSON.stringify(ids)],
    );
    return ids;
  }

  const lease = (queue: DispatchQueue, more: { except?: string[] } = {}) =>
    queue.lease(PLACES, { knows: KNOWN_BY_ALL, ...more });

  /** Leases, `rounds` times, and dispatches what it got. */
  async function work(queue: DispatchQueue, rounds: number): Promise<AssetToDispatch[]> {
    const all: AssetToDispatch[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const leased = await lease(queue);
      all.push(...leased);
      for (const { id, attempt } of leased)
        await queue.markDispatched({ id, attempt, heldBy: `asset-${id}` });
    }
    return all;
  }

  const countByTenant = (leased: readonly AssetToDispatch[]) =>
    Object.fromEntries(
      [...Map.groupBy(leased, ({ tenant }) => tenant)].map(([tenant, rows]) => [tenant, rows.length]),
    );

  it('give the only row of a tenant a place in the next lease, while 4,000 of another have waited longer', async () => {
    const queue = createDispatchQueue(database.orm);
    await insertWaiting('flood', 4_000);
    expect(countByTenant(await work(queue, 2))).toEqual({ flood: 2 * PLACES });
    const [id] = await insertWaiting('few', 1);
    expect((await lease(queue)).filter(({ tenant }) => tenant === 'few')).toMatchObject([{ id }]);
  });

  it.each([2, 3, 5, 8, 9, 50])(
    'give each of %i tenants the same number of rows, whatever their backlogs',
    async (k) => {
      const queue = createDispatchQueue(database.orm);
      const each = 3 * PLACES;
      for (let i = 0; i < k; i += 1) await insertWaiting(`tenant-${i}`, i % 3 === 0 ? 10 * each : each);
      const counts = Object.values(countByTenant(await work(queue, (each * k) / PLACES)));
      expect(counts).toEqual(Array.from({ length: k }, () => each));
    },
  );

  it('take the oldest rows of each tenant first', async () => {
    const queue = createDispatchQueue(database.orm);
    const a = await insertWaiting('a', 10);
    const b = await insertWaiting('b', 10);
    const leased = await lease(queue);
    const of = (tenant: string) => leased.filter((row) => row.tenant === tenant).map(({ id }) => id);
    expect([of('a').sort(), of('b').sort()]).toEqual([a.slice(0, 4), b.slice(0, 4)]);
  });

  it('stay fair if several processes lease at once, and give each row to one of them', async () => {
    const queues = Array.from({ length: 4 }, () => createDispatchQueue(database.orm));
    for (const [tenant, count] of [
      ['a', 2_000],
      ['b', 400],
      ['c', 400],
    ] as const)
      await insertWaiting(tenant, count);
    const rounds = 12;
    const leased = (await Promise.all(queues.map((queue) => work(queue, rounds)))).flat();
    expect(new Set(leased.map(({ id }) => id)).size).toBe(leased.length);
    const counts = countByTenant(leased);
    // A process that finds rows locked takes later ones of the same tenant. So only its own round can be uneven.
    const fair = (queues.length * rounds * PLACES) / 3;
    for (const tenant of ['a', 'b', 'c'])
      expect(Math.abs((counts[tenant] ?? 0) - fair)).toBeLessThanOrEqual(queues.length);
  });

  it('pass over tenants whose rows are leased, put off or not wanted', async () => {
    const [queue, other] = [createDispatchQueue(database.orm), createDispatchQueue(database.orm)];
    await insertWaiting('leased', 2);
    await lease(other);
    const [putOff = ''] = await insertWaiting('put-off', 1);
    await other.release({ id: putOff, attempt: 1 }, 60_000);
    await insertWaiting('unwanted', 100);
    await insertWaiting('wanted', PLACES);
    const leased = await lease(queue, { except: ['unwanted'] });
    expect(countByTenant(leased)).toEqual({ wanted: PLACES });
  });

  it('read a few entries of one index, however many rows and tenants wait', async () => {
    for (let i = 0; i < 200; i += 1) await insertWaiting(`tenant-${i}`, 2);
    await database.query(
      `INSERT INTO assets (id, owner, location, path)
       SELECT gen_random_uuid(), 'flood', 'local', 'x' FROM generate_series(1, 50000)`,
    );
    // While Postgres analyzes the table by itself, entries of updated rows stay in the index and are read again.
    await database.query('ALTER TABLE assets SET (autovacuum_enabled = false)');
    await database.query('VACUUM ANALYZE assets');
    const orm = await openDatabase({ url: database.url, poolMax: 1 });
    try {
      const queue = createDispatchQueue(orm);
      const before = await entriesRead(orm);
      const rounds = 30;
      for (let i = 0; i < rounds; i += 1)
        expect(await lease(queue, i % 2 === 0 ? {} : { except: ['flood'] })).toHaveLength(PLACES);
      // One to find each tenant and one to lock its row, and some that are leased already.
      expect(((await entriesRead(orm)) - before) / rounds).toBeLessThan(10 * PLACES);
    } finally {
      await orm.close();
    }
  });

  /** Entries that have been read from all indexes of the table but the primary key. `orm` has one connection. */
  async function entriesRead(orm: MikroORM): Promise<number> {
    await query(orm, (db) => sql`SELECT pg_stat_force_next_flush()`.execute(db));
    const { rows } = await query(orm, (db) =>
      sql<{ entries: number }>`
        SELECT sum(idx_tup_read)::integer AS entries FROM pg_stat_user_indexes
        WHERE relname = 'assets' AND indexrelname <> 'assets_pkey'`.execute(db),
    );
    return rows[0]?.entries ?? 0;
  }
});
