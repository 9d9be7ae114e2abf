import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../../../../src/domain/api-key.ts';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../../../../src/db/assets/dispatch-queue.ts';
import { createRepairStore } from '../../../../../src/db/assets/repair-store.ts';
import { createValidationStore } from '../../../../../src/db/assets/validation-store.ts';
import { orderSteps, pendingSteps } from '../../../../../src/domain/steps.ts';
import type { AssetStore } from '../../../../../src/domain/ports/assets.ts';
import type { RepairStore } from '../../../../../src/domain/ports/repairs.ts';
import type { RunRef, ValidationStore, WrittenVerdict } from '../../../../../src/domain/ports/validations.ts';
import type { Verdict } from '../../../../../src/domain/verdict.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';

const urls = { onStart: 'https://example.com/s', onSuccess: 'https://example.com/ok', onFailure: 'wat' };
const complete: Verdict = {
  state: 'complete',
  findings: [],
  steps: pendingSteps(orderSteps(undefined, false)),
  image: null,
};
const failed: Verdict = { ...complete, state: 'failed', findings: [{ code: 'not_an_image', key: 'asset' }] };

describe('the writes of a validation', () => {
  let database: TestDatabase;
  let assets: AssetStore;
  let validations: ValidationStore;
  let repairs: RepairStore;
  const ignore = () => undefined;

  beforeAll(async () => {
    database = await cloneDatabase();
    assets = createAssetStore(database.orm, ignore);
    validations = createValidationStore(database.orm, ignore);
    repairs = createRepairStore(database.orm, validations.readWebhooks, ignore);
  });
  afterAll(() => database?.drop());

  const accept = (notifications = {}) =>
    assets.accept(DEFAULT_TENANT, { assetPath: { location: 'local', path: 'x.jpg' }, notifications });

  it('give a queued row to the first run that claims it, and to no other', async () => {
    const assetId = await accept(urls);
    const first = await validations.claim({ assetId, runId: 'run-a' }, 1);
    expect(first).toMatchObject({
      outcome: 'owned',
      claims: 1,
      tenant: DEFAULT_TENANT,
      send: { event: 'onStart' },
    });
    expect(await validations.claim({ assetId, runId: 'run-b' }, 1)).toEqual({ outcome: 'not_owner' });
    expect(await validations.finish({ assetId, runId: 'run-b' }, failed)).toEqual({ outcome: 'not_owner' });
    expect(await assets.find(DEFAULT_TENANT, assetId)).toMatchObject({ state: 'in_progress' });
  });

  it('leave a claimed row in the care of its workflow, also if the dispatcher died before its mark', async () => {
    const assetId = await accept();
    await validations.claim({ assetId, runId: 'run' }, 1, `asset-${assetId}-2`);
    await createDispatchQueue(database.orm).markDispatched({ id: assetId, attempt: 1, heldBy: 'late' });
    await database.query(`UPDATE assets SET dispatched_at = dispatched_at - interval '1 min' WHERE id = ?`, [
      assetId,
    ]);
    const unchecked = await repairs.takeLongestUnchecked(100);
    expect(unchecked.find(({ id }) => id === assetId)).toMatchObject({
      runId: 'run',
      heldBy: `asset-${assetId}-2`,
      isSettled: true,
    });
  });

  it('count the claims of one run and keep one delivery an event', async () => {
    const assetId = await accept(urls);
    const owner = { assetId, runId: 'run' };
    const first = await validations.claim(owner, 1);
    const second = await validations.claim(owner, 1);
    expect(second).toEqual({ ...first, claims: 2 });
    expect(await database.query('SELECT id FROM deliveries WHERE asset_id = ?', [assetId])).toHaveLength(1);
  });

  it('let the first terminal write of an attempt win, and return its verdict to a later write', async () => {
    const assetId = await accept(urls);
    const owner = { assetId, runId: 'run' };
    await validations.claim(owner, 1);
    const first = await validations.finish(owner, complete);
    expect(first).toMatchObject({ outcome: 'owned', state: 'complete', send: { event: 'onSuccess' } });
    expect(await validations.finish(owner, failed)).toEqual(first);
    expect(await validations.claim(owner, 1)).toMatchObject({ outcome: 'owned', claims: 2 });
    expect(await assets.find(DEFAULT_TENANT, assetId)).toEqual({
      id: assetId,
      state: 'complete',
      errors: null,
    });
  });

  it('tell each verdict once, whoever writes it, with its policy and why the asset is not reachable', async () => {
    const told: WrittenVerdict[] = [];
    const onVerdict = (verdict: WrittenVerdict) => void told.push(verdict);
    const store = createValidationStore(database.orm, ignore, onVerdict);
    const repairing = createRepairStore(database.orm, store.readWebhooks, ignore, onVerdict);
    const accepting = createAssetStore(database.orm, ignore, onVerdict);
    const unreachable: Verdict = {
      ...failed,
      findings: [{ code: 'asset_not_reachable', key: 'onStart', measured: { cause: 'not_found' } }],
    };
    const ids = [await accept(), await accept(), await accept(), await accept()] as const;
    const runs = ids.map((assetId) => ({ assetId, runId: `run-${assetId}` }));
    for (const run of runs.slice(0, 2)) await store.claim(run, 1);
    await database.query(`UPDATE assets SET policy_name = 'strict', policy_version = 2 WHERE id = ?`, [
      ids[0],
    ]);

    for (let times = 0; times < 2; times += 1) await store.finish({ ...(runs[0] as RunRef) }, unreachable);
    const [open] = await repairing.findOpen([ids[1]]);
    if (open !== undefined) await repairing.close(open, { ...failed, state: 'canceled', findings: [] });
    await accepting.requestCancel(DEFAULT_TENANT, ids[2], null);
    await database.query(`UPDATE assets SET created_at = now() - interval '25 hours' WHERE id = ?`, [ids[3]]);
    const dispatching = createDispatchQueue(database.orm, onVerdict);
    for (let times = 0; times < 2; times += 1) await dispatching.giveUp({ id: ids[3], attempt: 1 });

    const common = { tenant: DEFAULT_TENANT, attempt: 1, policy: 'default@1', codes: [], path: 'x.jpg' };
    expect(told).toEqual([
      {
        ...common,
        assetId: ids[0],
        state: 'failed',
        codes: ['asset_not_reachable'],
        cause: 'not_found',
        policy: 'strict@2',
        durationMs: expect.any(Number) as number,
      },
      { ...common, assetId: ids[1], state: 'canceled', durationMs: expect.any(Number) as number },
      { ...common, assetId: ids[2], state: 'canceled', durationMs: null },
      { ...common, assetId: ids[3], state: 'failed', codes: ['internal_error'], durationMs: null },
    ]);
  });

  it('refuse a claim for an attempt that is over or not the current one', async () => {
    const assetId = await accept();
    await assets.requestCancel(DEFAULT_TENANT, assetId, null);
    expect(await validations.claim({ assetId, runId: 'late' }, 1)).toEqual({ outcome: 'not_owner' });
    await assets.retry(DEFAULT_TENANT, assetId);
    expect(await validations.claim({ assetId, runId: 'old' }, 1)).toEqual({ outcome: 'not_owner' });
    expect(await validations.claim({ assetId, runId: 'new' }, 2)).toMatchObject({ outcome: 'owned' });
  });

  it('commit state, findings and event together, and skip an invalid URL', async () => {
    const assetId = await accept(urls);
    const owner = { assetId, runId: 'run' };
    await validations.claim(owner, 1);
    const findings: Verdict['findings'] = [
      ...failed.findings,
      { code: 'webhook_url_invalid', key: 'onFailure' },
    ];
    expect(await validations.finish(owner, { ...failed, findings })).toMatchObject({
      state: 'failed',
      send: null,
    });
    const errors = { onFailure: ['`wat`is not a valid URL'], asset: ['Asset is not an image.'] };
    expect(await assets.find(DEFAULT_TENANT, assetId)).toEqual({ id: assetId, state: 'failed', errors });
    expect(
      await database.query(`SELECT state, body FROM deliveries WHERE asset_id = ? AND event = 'onFailure'`, [
        assetId,
      ]),
    ).toEqual([{ state: 'skipped', body: JSON.stringify({ id: assetId, state: 'failed', errors }) }]);
  });

  it('let a reset run take the asset over as a new attempt with events of its own', async () => {
    const assetId = await accept(urls);
    await validations.claim({ assetId, runId: 'first' }, 1);
    await validations.finish({ assetId, runId: 'first' }, failed);
    const reset = { assetId, runId: 'reset' };
    expect(await validations.finish(reset, complete)).toEqual({ outcome: 'not_owner' });
    const due = () =>
      database.query(
        `SELECT attempt, event FROM deliveries WHERE asset_id = ? AND due_at <= now() ORDER BY attempt, event`,
        [assetId],
      );
    expect(await due()).toEqual([]);
    expect(await validations.takeOver(reset, `asset-${assetId}`)).toBe(true);
    // The reset has ended the run that was to send it. (onFailure is skipped, because its URL is not valid.)
    expect(await due()).toEqual([
      { attempt: 1, event: 'onStart' },
      { attempt: 2, event: 'onStart' },
    ]);
    expect(await validations.takeOver(reset, `asset-${assetId}`)).toBe(false);
    expect(await validations.finish(reset, complete)).toMatchObject({
      state: 'complete',
      send: { event: 'onSuccess' },
    });
    expect(await assets.findDetails(DEFAULT_TENANT, assetId)).toMatchObject({
      state: 'complete',
      attempt: 2,
      errors: null,
    });
    expect(
      await database.query(
        'SELECT attempt, event FROM deliveries WHERE asset_id = ? ORDER BY attempt, event',
        [assetId],
      ),
    ).toEqual([
      { attempt: 1, event: 'onFailure' },
      { attempt: 1, event: 'onStart' },
      { attempt: 2, event: 'onStart' },
      { attempt: 2, event: 'onSuccess' },
    ]);
  });

  it("can't leave a half state, because the database refuses it", async () => {
    const assetId = await accept();
    for (const change of [
      `state = 'complete'`,
      `finished_at = now()`,
      `state = 'in_progress'`,
      `errors = '{}'`,
    ]) {
      await expect(
        database.query(`UPDATE assets SET ${change} WHERE id = ?`, [assetId]),
        change,
      ).rejects.toMatchObject({
        code: 'internal',
      });
    }
  });

  it('repair only a row that has not moved on since it was read', async () => {
    const assetId = await accept({ onCancel: 'https://example.com/c' });
    const seen = { id: assetId, attempt: 1, runId: null, heldBy: `asset-${assetId}` };
    await validations.claim({ assetId, runId: 'run' }, 1);
    await repairs.close(seen, { ...complete, state: 'canceled' });
    await repairs.requeue(seen);
    expect(await assets.find(DEFAULT_TENANT, assetId)).toMatchObject({ state: 'in_progress' });
    await repairs.close({ ...seen, runId: 'run' }, { ...complete, state: 'canceled' });
    expect(await assets.find(DEFAULT_TENANT, assetId)).toMatchObject({ state: 'canceled' });
    expect(await database.query(`SELECT event FROM deliveries WHERE asset_id = ?`, [assetId])).toEqual([
      { event: 'onCancel' },
    ]);
    await repairs.requeue({ ...seen, runId: 'run' });
    expect(await assets.find(DEFAULT_TENANT, assetId)).toMatchObject({ state: 'canceled' });
  });
});
