import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../../../../src/db/assets/dispatch-queue.ts';
import { createValidationStore } from '../../../../../src/db/assets/validation-store.ts';
import type { AssetStore } from '../../../../../src/domain/ports/assets.ts';
import type { ValidationStore } from '../../../../../src/domain/ports/validations.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';

const TENANT = 'anna';
const ignore = () => undefined;
const submission = {
  assetPath: { location: 'local', path: './assets/retina.jpg' },
  notifications: {},
} as const;
const WRONG_FORMAT = { code: 'format_not_allowed', key: 'asset', measured: { format: 'PNG' } } as const;

describe('the attempts of an asset', () => {
  let database: TestDatabase;
  let assets: AssetStore;
  let validations: ValidationStore;

  beforeAll(async () => {
    database = await cloneDatabase();
    assets = createAssetStore(database.orm, ignore);
    validations = createValidationStore(database.orm, ignore);
  });
  afterAll(() => database?.drop());

  const list = (id: string, page: { limit: number; before?: number } = { limit: 10 }) =>
    assets.listAttempts(TENANT, id, page);

  async function fail(id: string, attempt: number): Promise<void> {
    const run = { assetId: id, runId: `run-${attempt}` };
    await validations.claim(run, attempt);
    await validations.finish(run, { state: 'failed', findings: [WRONG_FORMAT], steps: [], image: null });
  }

  it('are kept with policy, verdict, findings, times and the reason of a cancel', async () => {
    const id = await assets.accept(TENANT, submission, { name: 'strict', version: 3 });
    await fail(id, 1);
    await assets.retry(TENANT, id, { name: 'strict', version: 4 });
    await assets.requestCancel(TENANT, id, 'sent by mistake');
    await assets.retry(TENANT, id, { name: 'default', version: 1 });

    const [third, second, first, ...others] = await list(id);
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      attempt: 1,
      state: 'failed',
      policy: 'strict@3',
      errors: { asset: ['Assets must be a JPEG, the provided image is a PNG'] },
      findings: [{ code: 'format_not_allowed', measured: { format: 'PNG' } }],
      cancelReason: null,
      runId: 'run-1',
      startedAt: expect.any(Date) as Date,
      finishedAt: expect.any(Date) as Date,
    });
    expect(second).toMatchObject({
      attempt: 2,
      state: 'canceled',
      policy: 'strict@4',
      errors: null,
      findings: [],
      cancelReason: 'sent by mistake',
      runId: null,
      startedAt: null,
    });
    expect(third).toMatchObject({ attempt: 3, state: 'queued', policy: 'default@1', finishedAt: null });
  });

  it('are kept when a reset run takes the asset over', async () => {
    const id = await assets.accept(TENANT, submission);
    const heldBy = `asset-${id}`;
    await createDispatchQueue(database.orm).markDispatched({ id, attempt: 1, heldBy });
    await validations.claim({ assetId: id, runId: 'first' }, 1);
    expect(await validations.takeOver({ assetId: id, runId: 'reset' }, heldBy)).toBe(true);
    expect(
      (await list(id)).map(({ attempt, state, runId, finishedAt }) => [attempt, state, runId, finishedAt]),
    ).toEqual([
      [2, 'in_progress', 'reset', null],
      [1, 'in_progress', 'first', null],
    ]);
  });

  it('come in pages, the current one first, and go with their asset', async () => {
    const id = await assets.accept(TENANT, submission);
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await fail(id, attempt);
      await assets.retry(TENANT, id);
    }
    const numbers = async (page: { limit: number; before?: number }) =>
      (await list(id, page)).map(({ attempt }) => attempt);
    expect(await numbers({ limit: 2 })).toEqual([5, 4]);
    expect(await numbers({ limit: 2, before: 4 })).toEqual([3, 2]);
    expect(await numbers({ limit: 2, before: 2 })).toEqual([1]);
    await database.query('DELETE FROM assets WHERE id = ?', [id]);
    expect(await numbers({ limit: 10 })).toEqual([]);
  });
});
