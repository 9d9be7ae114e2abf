import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createExpiredRows } from '../../../../../src/db/assets/expired-rows.ts';
import type { ExpiredRows } from '../../../../../src/domain/ports/retention.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';

const DAY_MS = 86_400_000;

describe('rows that are older than 10 days', () => {
  let database: TestDatabase;
  let rows: ExpiredRows;

  beforeAll(async () => {
    database = await cloneDatabase();
    rows = createExpiredRows(database.orm);
  });
  beforeEach(async () => {
    await database.query('DELETE FROM deliveries');
    await database.query('DELETE FROM assets');
  });
  afterAll(() => database?.drop());

  const idFrom = (daysAgo: number) => uuidv7({ msecs: Date.now() - daysAgo * DAY_MS });

  /** An asset that was submitted, and has had its verdict, so many days ago. */
  async function add({
    submitted = 11,
    ended = 11 as number | null,
    uploadId = null as string | null,
    tenant = 'own',
  }): Promise<string> {
    const id = idFrom(submitted);
    await database.query(
      `INSERT INTO assets (id, owner, location, path, locator, state, run_id, finished_at)
        VALUES (?, ?, ?, 'x', ?::jsonb, ?, 'run', now() - make_interval(days => ?::integer))`,
      [
        id,
        tenant,
        uploadId === null ? 'local' : 'upload',
        uploadId === null ? null : JSON.stringify({ location: 'upload', uploadId }),
        ended === null ? 'in_progress' : 'complete',
        ended,
      ],
    );
    return id;
  }

  async function addDelivery(assetId: string | null, state: 'pending' | 'delivered', endedDaysAgo = 11) {
    const id = idFrom(11);
    const url = `http://${id}.example/`;
    await database.query(
      `INSERT INTO endpoints (id, owner, url, secret) VALUES (endpoint_id('own', ?), 'own', ?, 'x')`,
      [url, url],
    );
    await database.query(
      `INSERT INTO deliveries (id, owner, asset_id, attempt, event, url, body, state, due_at, finished_at)
        VALUES (?, 'own', ?, 1, ?, ?, '{}', ?, now(),
          CASE WHEN ?::text = 'pending' THEN NULL ELSE now() - make_interval(days => ?::integer) END)`,
      [id, assetId, assetId === null ? 'test' : 'onSuccess', url, state, state, endedDaysAgo],
    );
    return id;
  }

  const left = async () =>
    (await database.query<{ id: string }>('SELECT id FROM assets ORDER BY id')).map(({ id }) => id);

  it('are deleted, and newer and open ones are not', async () => {
    await add({});
    const open = await add({ ended: null });
    const late = await add({ submitted: 30, ended: 1 });
    const fresh = await add({ submitted: 1, ended: 1 });
    expect(await rows.deleteAssets(10, 10, null)).toEqual({ count: 1, uploads: [], next: null });
    expect(new Set(await left())).toEqual(new Set([open, late, fresh]));
  });

  it('go with their deliveries, but not while a webhook is due', async () => {
    const sent = await add({});
    await addDelivery(sent, 'delivered');
    const due = await add({});
    const delivery = await addDelivery(due, 'pending');
    expect((await rows.deleteAssets(10, 10, null)).count).toBe(1);
    expect(await left()).toEqual([due]);
    expect(await database.query('SELECT id FROM deliveries')).toEqual([{ id: delivery }]);
  });

  it('are deleted in batches, each after the one before', async () => {
    const ids = [await add({ submitted: 13 }), await add({ submitted: 12 }), await add({ submitted: 11 })];
    const first = await rows.deleteAssets(10, 2, null);
    expect(first).toEqual({ count: 2, uploads: [], next: ids[1] });
    expect(await left()).toEqual([ids[2]]);
    expect(await rows.deleteAssets(10, 2, first.next)).toEqual({ count: 1, uploads: [], next: null });
  });

  it('name the uploads that no asset is any more', async () => {
    const [alone, shared, twice] = [uuidv7(), uuidv7(), uuidv7()];
    await add({ uploadId: alone });
    // Another tenant reaches nothing by it.
    await add({ uploadId: alone, tenant: 'other', submitted: 1, ended: 1 });
    await add({ uploadId: shared });
    await add({ uploadId: shared, submitted: 1, ended: 1 });
    await add({ uploadId: twice });
    await add({ uploadId: twice });
    const { uploads } = await rows.deleteAssets(10, 10, null);
    expect(new Set(uploads.map(({ uploadId }) => uploadId))).toEqual(new Set([alone, twice]));
    expect(new Set(uploads.map(({ tenant }) => tenant))).toEqual(new Set(['own']));
  });

  it('that were test events are deleted once they have ended', async () => {
    const due = await addDelivery(null, 'pending');
    await addDelivery(null, 'delivered');
    const late = await addDelivery(null, 'delivered', 1);
    await addDelivery(null, 'delivered');
    expect(await rows.deleteTestEvents(10, 1)).toBe(1);
    expect(await rows.deleteTestEvents(10, 9)).toBe(1);
    expect(await rows.deleteTestEvents(10, 9)).toBe(0);
    const found = await database.query<{ id: string }>('SELECT id FROM deliveries');
    expect(new Set(found.map(({ id }) => id))).toEqual(new Set([due, late]));
  });

  it('tell which uploads assets without a verdict need', async () => {
    const [open, done, unknown] = [uuidv7(), uuidv7(), uuidv7()];
    await add({ uploadId: open, ended: null });
    await add({ uploadId: done });
    expect(await rows.findNeededUploads([open, done, unknown])).toEqual(new Set([open]));
  });
});
