import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../../../../src/db/assets/dispatch-queue.ts';
import { createRepairStore } from '../../../../../src/db/assets/repair-store.ts';
import { KNOWN_BY_ALL } from '../../../../../src/domain/needs.ts';
import type { DispatchQueue } from '../../../../../src/domain/ports/dispatch.ts';
import { acceptOnce } from '../../../../support/assets/accept-once.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';

describe('rows that need more than some workers know', () => {
  let database: TestDatabase;
  let queue: DispatchQueue;
  const ignore = () => undefined;
  const NEWER = KNOWN_BY_ALL + 1;

  beforeAll(async () => {
    database = await cloneDatabase();
    queue = createDispatchQueue(database.orm);
  });
  beforeEach(() => database.query('DELETE FROM assets'));
  afterAll(() => database?.drop());

  const submission = { assetPath: { location: 'local', path: 'x.jpg' }, notifications: {} } as const;
  const leaseAs = async (knows: number) => {
    const leased = await queue.lease(8, { knows });
    for (const { id, attempt } of leased) await queue.release({ id, attempt }, -1);
    return leased.map(({ id, needs }) => ({ id, needs }));
  };

  it('are leased only by processes that know enough, and delay no other row of the tenant', async () => {
    const assets = createAssetStore(database.orm, ignore);
    const policy = { name: 'new', version: 1, needs: NEWER };
    const newer = [
      await assets.accept('tenant', submission, policy),
      await acceptOnce(assets, 'tenant', submission, 'key', policy),
    ];
    const plain = await assets.accept('tenant', submission);
    expect(await leaseAs(KNOWN_BY_ALL)).toEqual([{ id: plain, needs: KNOWN_BY_ALL }]);
    expect(new Set((await leaseAs(NEWER)).map(({ id }) => id))).toEqual(new Set([...newer, plain]));
  });

  it('stay so when they are queued again, and rows become so under a policy that needs it', async () => {
    const assets = createAssetStore(database.orm, ignore);
    const id = await assets.accept('tenant', submission);
    await assets.requestCancel('tenant', id, null);
    await assets.retry('tenant', id, { name: 'new', version: 1, needs: NEWER });
    expect(await leaseAs(KNOWN_BY_ALL)).toEqual([]);
    const heldBy = `asset-${id}`;
    await queue.markDispatched({ id, attempt: 2, heldBy });
    const repairs = createRepairStore(database.orm, () => Promise.resolve({}), ignore);
    await repairs.requeue({ id, attempt: 2, runId: null, heldBy });
    expect(await leaseAs(KNOWN_BY_ALL)).toEqual([]);
    expect(await leaseAs(NEWER)).toEqual([{ id, needs: NEWER }]);
  });
});
