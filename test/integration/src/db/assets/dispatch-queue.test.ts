import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../../../../src/domain/api-key.ts';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../../../../src/db/assets/dispatch-queue.ts';
import { createValidationStore } from '../../../../../src/db/assets/validation-store.ts';
import { connectWake } from '../../../../../src/db/wake.ts';
import { KNOWN_BY_ALL } from '../../../../../src/domain/needs.ts';
import type { DispatchQueue } from '../../../../../src/domain/ports/dispatch.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';
import { eventually } from '../../../../support/eventually.ts';
import { insertEvents } from '../../../../support/tenant-events.ts';

describe('the dispatch queue', () => {
  let database: TestDatabase;
  let queue: DispatchQueue;
  const ignore = () => undefined;

  beforeAll(async () => {
    database = await cloneDatabase();
    queue = createDispatchQueue(database.orm);
  });
  afterAll(() => database?.drop());

  async function accept(count: number, notifications = {}): Promise<string[]> {
    const assets = createAssetStore(database.orm, ignore);
    const submission = { assetPath: { location: 'local', path: 'x.jpg' }, notifications } as const;
    return Promise.all(Array.from({ length: count }, () => assets.accept(DEFAULT_TENANT, submission)));
  }

  it('leases each row to one process, oldest first', async () => {
    const ids = await accept(40, { onStart: 'https://example.com', onCancel: 'wat' });
    const leases = await Promise.all(
      Array.from({ length: 8 }, () => queue.lease(5, { knows: KNOWN_BY_ALL })),
    );
    const leased = leases.flat();
    expect(leased.map((asset) => asset.id).sort()).toEqual([...ids].sort());
    expect(leased[0]).toMatchObject({ attempt: 1, assetPath: { location: 'local', path: 'x.jpg' } });
    expect([...(leased[0]?.webhookKeys ?? [])].sort()).toEqual(['onCancel', 'onStart']);
    expect(await queue.lease(5, { knows: KNOWN_BY_ALL })).toEqual([]);
  });

  it('leases a row again when its holder releases it or is gone, but never once it is dispatched', async () => {
    const [id = ''] = await accept(1);
    expect(await queue.lease(5, { knows: KNOWN_BY_ALL })).toHaveLength(1);
    await queue.release({ id, attempt: 1 }, 60_000);
    expect(await queue.lease(5, { knows: KNOWN_BY_ALL })).toEqual([]);
    await database.query(`UPDATE assets SET lease_until = now() - interval '1 s' WHERE id = ?`, [id]);
    expect(await queue.lease(5, { knows: KNOWN_BY_ALL })).toHaveLength(1);
    await queue.markDispatched({ id, attempt: 1, heldBy: `asset-${id}` });
    await database.query(`UPDATE assets SET lease_until = NULL WHERE id = ?`, [id]);
    expect(await queue.lease(5, { knows: KNOWN_BY_ALL })).toEqual([]);
  });

  it('does not mark another attempt as dispatched', async () => {
    const [id = ''] = await accept(1);
    await queue.markDispatched({ id, attempt: 2, heldBy: `asset-${id}` });
    expect((await queue.lease(5, { knows: KNOWN_BY_ALL })).map((asset) => asset.id)).toEqual([id]);
  });

  it('counts a worker as alive until it has been silent for 5 s or has signed out', async () => {
    expect(await queue.hasLiveWorker()).toBe(false);
    await queue.renewWorker('w1');
    expect(await queue.hasLiveWorker()).toBe(true);
    await database.query(`UPDATE workers SET seen_at = now() - interval '6 s'`);
    expect(await queue.hasLiveWorker()).toBe(false);
    await queue.renewWorker('w1');
    await queue.removeWorker('w1');
    expect(await queue.hasLiveWorker()).toBe(false);
  });

  it('is not fooled by the time before its clock was set back', async () => {
    await database.query('DELETE FROM assets');
    // An hour later by the clock before. Both are from processes that have died.
    const [id] = await accept(1);
    await database.query(`UPDATE assets SET lease_until = now() + interval '1 hour'`);
    await database.query(`INSERT INTO workers (id, seen_at) VALUES ('gone', now() + interval '1 hour')`);
    expect(await queue.hasLiveWorker()).toBe(false);
    expect(await queue.lease(1, { knows: KNOWN_BY_ALL })).toMatchObject([{ id }]);
    expect(await queue.lease(1, { knows: KNOWN_BY_ALL })).toEqual([]);
    await queue.renewWorker('gone');
    expect(await queue.hasLiveWorker()).toBe(true);
    await queue.removeWorker('gone');
    await database.query('DELETE FROM assets');
  });

  it('lets an API start workflows while no worker is alive, and 200 ahead at most', async () => {
    expect(await queue.mayStartWithoutWorker()).toBe(true);
    await queue.renewWorker('w2');
    expect(await queue.mayStartWithoutWorker()).toBe(false);
    await queue.removeWorker('w2');
    const ids = await accept(200);
    await Promise.all(ids.map((id) => queue.markDispatched({ id, attempt: 1, heldBy: `asset-${id}` })));
    expect(await queue.mayStartWithoutWorker()).toBe(false);
    await database.query('DELETE FROM assets');
  });

  it('ends an asset whose start was refused for 24 h, and sends its event', async () => {
    const [id = ''] = await accept(1, { onFailure: 'https://example.com' });
    const read = async () => {
      const [row] = await database.query<{ state: string; errors: unknown; event: string | null }>(
        `SELECT a.state, errors, event FROM assets a LEFT JOIN deliveries d ON asset_id = a.id WHERE a.id = ?`,
        [id],
      );
      return row;
    };
    await queue.giveUp({ id, attempt: 1 });
    expect(await read()).toMatchObject({ state: 'queued' });
    await database.query(`UPDATE assets SET created_at = now() - interval '25 hours'`);
    await queue.giveUp({ id, attempt: 2 });
    expect(await read()).toMatchObject({ state: 'queued' });
    await queue.giveUp({ id, attempt: 1 });
    expect(await read()).toEqual({
      state: 'failed',
      errors: { internal: ['Validation could not be completed.'] },
      event: 'onFailure',
    });
    await database.query('DELETE FROM deliveries');
    await database.query('DELETE FROM assets');
  });

  it('hands out requests to cancel of every tenant, however many wait of one', async () => {
    await database.query(
      `INSERT INTO assets (id, owner, location, path, state, dispatched_at, cancel_requested_at)
       SELECT gen_random_uuid(), owner, 'local', 'x.jpg', 'queued', now(), now() - number * interval '1 s'
       FROM (SELECT 'flood' AS owner, generate_series(2, 200) AS number UNION ALL SELECT 'few', 1) AS requests`,
    );
    const [few] = await database.query<{ id: string }>(`SELECT id FROM assets WHERE owner = 'few'`);
    const found = await queue.cancelsToSignal();
    expect(found).toHaveLength(50);
    expect(found.map(({ id }) => id)).toContain(few?.id);
    await database.query('DELETE FROM assets');
  });

  it('finds deliveries that are overdue and that no workflow holds', async () => {
    const [assetId = ''] = await accept(1, { onStart: 'https://example.com' });
    const validations = createValidationStore(database.orm, ignore);
    const claim = await validations.claim({ assetId, runId: 'run' }, 1);
    const id = claim.outcome === 'owned' ? (claim.send?.deliveryId ?? '') : '';
    expect(await queue.overdueDeliveries()).toEqual([]);
    await database.query(`UPDATE deliveries SET due_at = now() - interval '1 s' WHERE id = ?`, [id]);
    const [overdue] = await queue.overdueDeliveries();
    expect(overdue).toMatchObject({ id, url: 'https://example.com/' });
    if (overdue !== undefined) await queue.parkOverdue(overdue, 60_000);
    expect(await queue.overdueDeliveries()).toEqual([]);
    await database.query(`UPDATE deliveries SET due_at = now() - interval '1 s' WHERE id = ?`, [id]);
    await queue.markHandedOver(id);
    expect(await queue.overdueDeliveries()).toEqual([]);
  });

  it('puts off no more than 1,000 deliveries of an endpoint at once, because other tenants wait for that', async () => {
    const urls = Array.from({ length: 1_100 }, () => 'https://paused.example/hook');
    await insertEvents(database, 'paused', urls);
    const countOverdue = async () => {
      const [row] = await database.query<{ count: number }>(
        `SELECT count(*)::integer AS count FROM deliveries WHERE owner = 'paused' AND due_at < now()`,
      );
      return row?.count;
    };
    for (const left of [100, 0]) {
      const [one] = await queue.overdueDeliveries();
      if (one !== undefined) await queue.parkOverdue(one, 600_000);
      expect(await countOverdue()).toBe(left);
    }
  });

  it('hands out overdue deliveries of every tenant, however many wait for one, except of excluded tenants', async () => {
    const flood = Array.from({ length: 200 }, (_, path) => `https://flood.example/${path}`);
    await insertEvents(database, 'flood', flood);
    const few = await insertEvents(database, 'few', ['https://few.example/1', 'https://few.example/2']);
    const many = await insertEvents(database, 'many', flood);
    const found = await queue.overdueDeliveries();
    const of = (tenant: string) => found.filter((delivery) => delivery.tenant === tenant).map(({ id }) => id);
    expect(found).toHaveLength(16);
    expect(of('few')).toEqual(few);
    expect(of('flood')).toHaveLength(7);
    expect(of('many')).toEqual(many.slice(0, 7));
    const others = await queue.overdueDeliveries(new Set(['flood', 'many']));
    expect(others.map(({ id }) => id)).toEqual(few);
  });

  it('wakes other processes, also after the connection was lost', async () => {
    let woken = 0;
    const listener = connectWake(database.url, () => {
      woken += 1;
    });
    const notifier = connectWake(database.url, ignore);
    await eventually(() => woken > 0, { what: 'the first connection' });
    const before = woken;
    await eventually(
      () => {
        notifier.notify();
        return woken > before;
      },
      { what: 'a notification' },
    );
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'validatr wake' AND datname = current_database()`,
    );
    const afterLoss = woken;
    await eventually(
      () => {
        notifier.notify();
        return woken > afterLoss + 1;
      },
      { what: 'a notification after the loss' },
    );
    await Promise.all([listener.stop(), notifier.stop()]);
  });
});
