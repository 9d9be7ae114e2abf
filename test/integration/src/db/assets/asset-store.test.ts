import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../../../../src/domain/api-key.ts';
import { forgetOldKeys } from '../../../../../src/db/assets/accept-once.ts';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../../../../src/db/assets/dispatch-queue.ts';
import type { AssetStore } from '../../../../../src/domain/ports/assets.ts';
import type { DispatchQueue } from '../../../../../src/domain/ports/dispatch.ts';
import { acceptOnce } from '../../../../support/assets/accept-once.ts';
import { cloneDatabase, lockRow, type TestDatabase, untilBlocked } from '../../../../support/database.ts';

const submission = {
  assetPath: { location: 'local', path: './assets/rocket.jpg' },
  notifications: {},
} as const;

describe('the asset store', () => {
  let database: TestDatabase;
  let assets: AssetStore;
  let queue: DispatchQueue;
  let wakes = 0;

  beforeAll(async () => {
    database = await cloneDatabase();
    assets = createAssetStore(database.orm, () => {
      wakes += 1;
    });
    queue = createDispatchQueue(database.orm);
  });
  afterAll(() => database?.drop());

  it('commits an asset before accept returns, and wakes the dispatcher', async () => {
    const before = wakes;
    const id = await assets.accept(DEFAULT_TENANT, submission);
    expect(await database.query('SELECT state, attempt FROM assets WHERE id = ?', [id])).toEqual([
      { state: 'queued', attempt: 1 },
    ]);
    expect(wakes).toBe(before + 1);
  });

  it('accepts many at once, each under its own id, in few statements', async () => {
    const before = wakes;
    const ids = await Promise.all(
      Array.from({ length: 600 }, () => assets.accept(DEFAULT_TENANT, submission)),
    );
    expect(new Set(ids).size).toBe(600);
    expect(wakes - before).toBeLessThan(10);
  });

  it('accepts the assets of a group, of all tenants, although one of them can not be stored', async () => {
    const refused = { ...submission, assetPath: { location: 'local', path: 'a\0b' } } as const;
    const tenants = ['one', 'two', 'one', 'two', 'three', 'one'];
    const results = await Promise.allSettled([
      ...tenants.map((tenant) => assets.accept(tenant, submission)),
      assets.accept('one', refused),
      assets.accept('alone', refused),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      ...tenants.map(() => 'fulfilled'),
      'rejected',
      'rejected',
    ]);
    const ids = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const rows = await database.query<{ id: string; owner: string }>(
      `SELECT id, owner FROM assets WHERE owner IN ('one', 'two', 'three', 'alone')`,
    );
    // Each once: what was committed before the refusal is not inserted again.
    expect(new Map(rows.map(({ id, owner }) => [id, owner]))).toEqual(
      new Map(ids.map((id, index) => [id, tenants[index]])),
    );
    expect(rows).toHaveLength(tenants.length);
    await database.query('DELETE FROM assets WHERE owner <> ?', [DEFAULT_TENANT]);
  });

  it('keeps any text a client may send: quotes, question marks, backslashes, emoji', async () => {
    const path = `./o'brien?\\"; DROP TABLE assets; -- 🚀\n`;
    const id = await assets.accept(DEFAULT_TENANT, {
      ...submission,
      assetPath: { location: 'local', path },
      notifications: { onStart: path },
    });
    const details = await assets.findDetails(DEFAULT_TENANT, id);
    expect(details?.asset.path).toBe(path);
    expect(
      await database.query(`SELECT webhooks->'onStart' AS webhook FROM assets WHERE id = ?`, [id]),
    ).toEqual([{ webhook: { url: path, usable: false } }]);
  });

  it('keeps an idempotency key for 24 h and accepts nothing twice under it', async () => {
    const submission = { assetPath: { location: 'local', path: 'x.jpg' }, notifications: {} } as const;
    const ids = await Promise.all(
      Array.from({ length: 20 }, () => acceptOnce(assets, DEFAULT_TENANT, submission, 'key-1')),
    );
    expect(new Set(ids).size).toBe(1);
    const other = { ...submission, assetPath: { location: 'local', path: 'y.jpg' } } as const;
    expect(await acceptOnce(assets, DEFAULT_TENANT, other, 'key-1')).toBeNull();
    const rows = await database.query('SELECT 1 FROM assets WHERE id = ?', [ids[0]]);
    expect(rows).toHaveLength(1);

    await database.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`);
    const later = await acceptOnce(assets, DEFAULT_TENANT, other, 'key-1');
    expect(later).not.toBeNull();
    expect(ids).not.toContain(later);
    await database.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`);
    await forgetOldKeys(database.orm);
    expect(await database.query('SELECT 1 FROM idempotency_keys')).toEqual([]);
  });

  it('lists everything newest first, across blocks', async () => {
    const ids: string[] = [];
    for await (const block of assets.list(DEFAULT_TENANT)) ids.push(...block.map((asset) => asset.id));
    const [row] = await database.query<{ count: string }>('SELECT count(*) FROM assets');
    expect(ids).toHaveLength(Number(row?.count));
    expect([...ids].sort().reverse()).toEqual(ids);
  });

  it('cancels a row that was not dispatched in the same transaction, with its event', async () => {
    const id = await assets.accept(DEFAULT_TENANT, {
      ...submission,
      notifications: { onCancel: 'https://example.com/c' },
    });
    expect(await assets.requestCancel(DEFAULT_TENANT, id, 'no longer needed')).toBe('canceled');
    expect(await database.query('SELECT state, cancel_reason FROM assets WHERE id = ?', [id])).toEqual([
      { state: 'canceled', cancel_reason: 'no longer needed' },
    ]);
    expect(
      await database.query('SELECT event, state, body FROM deliveries WHERE asset_id = ?', [id]),
    ).toEqual([{ event: 'onCancel', state: 'pending', body: `{"id":"${id}","state":"canceled"}` }]);
    expect(await queue.overdueDeliveries()).toHaveLength(1);
    expect(await assets.requestCancel(DEFAULT_TENANT, id, null)).toBe('already_terminal');
  });

  it('leaves a dispatched row to its workflow and remembers the request until it is signalled', async () => {
    const id = await assets.accept(DEFAULT_TENANT, submission);
    const heldBy = `asset-${id}`;
    await queue.markDispatched({ id, attempt: 1, heldBy });
    expect(await assets.requestCancel(DEFAULT_TENANT, id, 'stop')).toBe('requested');
    expect(await queue.cancelsToSignal()).toEqual([{ id, attempt: 1, heldBy, reason: 'stop' }]);
    await queue.markCancelSignaled({ id, attempt: 1 });
    expect(await queue.cancelsToSignal()).toEqual([]);
  });

  it('retries only what is terminal, once, as a clean new attempt', async () => {
    const id = await assets.accept(DEFAULT_TENANT, submission);
    expect(await assets.retry(DEFAULT_TENANT, id)).toBe('not_terminal');
    await assets.requestCancel(DEFAULT_TENANT, id, 'x');
    const outcomes = await Promise.all([assets.retry(DEFAULT_TENANT, id), assets.retry(DEFAULT_TENANT, id)]);
    expect(outcomes.sort()).toEqual(['not_terminal', 'queued']);
    expect(await assets.findDetails(DEFAULT_TENANT, id)).toMatchObject({
      state: 'queued',
      attempt: 2,
      errors: null,
      finishedAt: null,
    });
  });

  it('deletes an asset only once it is terminal, and keeps what its idempotency key stands for', async () => {
    const id = (await acceptOnce(assets, DEFAULT_TENANT, submission, 'deleted')) ?? '';
    expect(await assets.delete(DEFAULT_TENANT, id)).toBe('not_terminal');
    expect(await assets.requestCancel(DEFAULT_TENANT, id, null)).toBe('canceled');
    expect(await assets.delete('another', id)).toBeNull();
    expect(await assets.delete(DEFAULT_TENANT, id)).toEqual({ uploadId: null });
    expect(await assets.delete(DEFAULT_TENANT, id)).toBeNull();
    expect(await acceptOnce(assets, DEFAULT_TENANT, submission, 'deleted')).toBe(id);
    expect(await assets.find(DEFAULT_TENANT, id)).toBeNull();
  });

  it('deletes an asset once when two ask at the same time, and the second finds none', async () => {
    const id = await assets.accept(DEFAULT_TENANT, submission);
    await assets.requestCancel(DEFAULT_TENANT, id, null);
    const unlock = await lockRow(database, 'assets', id);
    const outcomes = Promise.all([assets.delete(DEFAULT_TENANT, id), assets.delete(DEFAULT_TENANT, id)]);
    await untilBlocked(database, 2);
    unlock();
    expect(await outcomes).toEqual(expect.arrayContaining([{ uploadId: null }, null]));
  });

  it('reports missing assets as missing', async () => {
    const unknown = '01900000-0000-7000-8000-000000000000';
    expect(await assets.find(DEFAULT_TENANT, unknown)).toBeNull();
    expect(await assets.findDetails(DEFAULT_TENANT, unknown)).toBeNull();
    expect(await assets.requestCancel(DEFAULT_TENANT, unknown, null)).toBe('not_found');
    expect(await assets.retry(DEFAULT_TENANT, unknown)).toBe('not_found');
  });

  it('fails with storage_full, which is retryable, when the disk of Postgres is full', async () => {
    await database.query(`CREATE FUNCTION fill_disk() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END $$`);
    await database.query(
      'CREATE TRIGGER disk_is_full BEFORE INSERT ON assets FOR EACH ROW EXECUTE FUNCTION fill_disk()',
    );
    const failure = await assets.accept(DEFAULT_TENANT, submission).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'storage_full', status: 507, retryable: true });
    await database.query('DROP TRIGGER disk_is_full ON assets');
    await expect(assets.accept(DEFAULT_TENANT, submission)).resolves.toEqual(expect.any(String));
  });

  it('fails with database_unavailable, without the text of the statement, when Postgres is away', async () => {
    const secret = 'https://hooks.example.com/secret-token';
    const other = await cloneDatabase();
    const store = createAssetStore(other.orm, () => undefined);
    await other.drop();
    const failure = await store
      .accept(DEFAULT_TENANT, { ...submission, notifications: { onStart: secret } })
      .catch((error: unknown) => error as Error & { code?: string });
    expect(failure).toMatchObject({ name: 'AppError' });
    expect(`${String(failure)} ${String((failure as Error).cause)}`).not.toContain('secret-token');
  });
});
