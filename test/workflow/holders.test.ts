import { Client, WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../src/db/assets/dispatch-queue.ts';
import { createRepairStore } from '../../src/db/assets/repair-store.ts';
import { createValidationStore } from '../../src/db/assets/validation-store.ts';
import type { AssetStore } from '../../src/domain/ports/assets.ts';
import type { DispatchQueue } from '../../src/domain/ports/dispatch.ts';
import type { ValidationStore } from '../../src/domain/ports/validations.ts';
import { startDispatcher } from '../../src/temporal/dispatcher.ts';
import { createReconcile } from '../../src/temporal/reconcile.ts';
import { assetWorkflowId, DELIVER_WEBHOOK, VALIDATE_ASSET } from '../../workflows/contract.ts';
import { cloneDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { fairWeather, openWorkflowLab, type WorkflowLab } from '../support/workflow-lab.ts';

const TENANT = 'default';

interface Row {
  readonly id: string;
  readonly state: string;
  readonly held_by: string | null;
  readonly isDispatched: boolean;
  readonly isCancelSignaled: boolean;
}

describe('rows that workflows of two kinds hold', () => {
  let lab: WorkflowLab;
  let database: TestDatabase;
  let assets: AssetStore;
  let validations: ValidationStore;
  let queue: DispatchQueue;
  const ignore = () => undefined;
  let datasets = 0;

  beforeAll(async () => {
    [lab, database] = await Promise.all([openWorkflowLab(), cloneDatabase()]);
    assets = createAssetStore(database.orm, ignore);
    validations = createValidationStore(database.orm, ignore);
    queue = createDispatchQueue(database.orm);
  });
  beforeEach(() => database.query('DELETE FROM assets'));
  afterAll(async () => {
    await lab.stop();
    await database.drop();
  });

  const accept = (count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        assets.accept(TENANT, { assetPath: { location: 'local', path: 'x.jpg' }, notifications: {} }),
      ),
    );

  /** New rows that were dispatched to this workflow some time ago. Null: by a worker that knows no holders. */
  async function acceptHeldBy(heldBy: string | null, count: number): Promise<string[]> {
    const ids = await accept(count);
    for (const id of ids)
      await database.query(
        `UPDATE assets SET held_by = ?, dispatched_at = now() - interval '1 min' WHERE id = ?`,
        [heldBy, id],
      );
    return ids;
  }

  const read = (ids: readonly string[]) =>
    database.query<Row>(
      `SELECT id, state, held_by, dispatched_at IS NOT NULL AS "isDispatched",
         cancel_signaled_at IS NOT NULL AS "isCancelSignaled"
       FROM assets WHERE id IN (SELECT jsonb_array_elements_text(?::jsonb)::uuid) ORDER BY id`,
      [JSON.stringify(ids)],
    );

  /** A workflow that no worker takes, so it runs until somebody ends it. */
  async function startDataset(): Promise<string> {
    datasets += 1;
    const workflowId = `dataset-${datasets}`;
    await lab.client.workflow.start('validateDataset', { workflowId, taskQueue: 'nowhere' });
    return workflowId;
  }

  async function dispatchUntil(condition: () => Promise<boolean>): Promise<void> {
    const dispatcher = startDispatcher({
      queue,
      client: lab.client,
      stepExecution: 'local',
      eager: false,
      mayStart: () => Promise.resolve(true),
      turns: null,
      onError: (error) => {
        throw error;
      },
    });
    try {
      await eventually(condition, { what: 'the dispatcher’s work' });
    } finally {
      await dispatcher.stop();
    }
  }

  /** One round of the reconciler, and the workflows that it asked about. */
  async function reconcile() {
    const asked: string[] = [];
    const client = new Client({
      connection: lab.client.connection,
      namespace: lab.client.options.namespace,
      interceptors: {
        workflow: [
          {
            describe(input, next) {
              asked.push(input.workflowExecution.workflowId ?? '');
              return next(input);
            },
          },
        ],
      },
    });
    const repairs = createRepairStore(database.orm, validations.readWebhooks, ignore);
    const report = await createReconcile({ client, repairs, onError: ignore })(new Date());
    return { report, asked };
  }

  it('the dispatcher starts and cancels rows with a workflow of their own, and leaves other rows alone', async () => {
    const dataset = await startDataset();
    const items = await acceptHeldBy(dataset, 3);
    const [single = ''] = await accept(1);
    const before = await read(items);
    await dispatchUntil(async () => (await read([single]))[0]?.isDispatched === true);
    expect(await read([single])).toMatchObject([{ held_by: assetWorkflowId(single), state: 'queued' }]);

    for (const id of [single, ...items]) await assets.requestCancel(TENANT, id, null);
    await dispatchUntil(async () => (await read([single]))[0]?.isCancelSignaled === true);
    expect(await read(items)).toEqual(before);
    for (const id of items)
      await expect(lab.client.workflow.getHandle(assetWorkflowId(id)).describe()).rejects.toThrow(
        WorkflowNotFoundError,
      );
    const signals = async (workflowId: string) => {
      const { events } = await lab.client.workflow.getHandle(workflowId).fetchHistory();
      return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length;
    };
    expect([await signals(assetWorkflowId(single)), await signals(dataset)]).toEqual([1, 0]);
  });

  it('the reconciler finds a run that closed just now, although a mark was written an hour ahead', async () => {
    const [id = ''] = await accept(1);
    const heldBy = assetWorkflowId(id);
    const handle = await lab.client.workflow.start(VALIDATE_ASSET, {
      workflowId: heldBy,
      taskQueue: 'nowhere',
      memo: { attempt: 1 },
    });
    await queue.markDispatched({ id, attempt: 1, heldBy });
    await handle.terminate();
    const repairs = createRepairStore(database.orm, validations.readWebhooks, ignore);
    await repairs.readMark();
    await repairs.writeMark(new Date(Date.now() + 3_600_000));
    await eventually(async () => (await reconcile()).report.closed === 1, { what: 'the closed run' });
    expect(await read([id])).toMatchObject([{ state: 'canceled' }]);
    expect((await repairs.readMark()).getTime()).toBeLessThanOrEqual(Date.now());
  });

  it('the reconciler repairs a row although the clock of the database was set back since its dispatch', async () => {
    const [lost = ''] = await accept(1);
    await queue.markDispatched({ id: lost, attempt: 1, heldBy: assetWorkflowId(lost) });
    expect((await reconcile()).report.requeued).toBe(0);
    await database.query(`UPDATE assets SET dispatched_at = now() + interval '1 hour' WHERE id = ?`, [lost]);
    expect((await reconcile()).report.requeued).toBe(1);
  });

  it('the reconciler asks about each holder once and repairs only the rows of one that is gone', async () => {
    const [running, gone] = [await startDataset(), 'dataset-gone'];
    const [kept, lost] = [await acceptHeldBy(running, 3), await acceptHeldBy(gone, 3)];
    const [lostSingle, oldSingle] = [await accept(1), await acceptHeldBy(null, 1)];
    await database.query(
      `UPDATE assets SET held_by = 'asset-' || id::text, dispatched_at = now() - interval '1 min' WHERE id = ?`,
      lostSingle,
    );
    const before = await read(kept);
    const { report, asked } = await reconcile();
    expect(asked.sort()).toEqual(
      [running, gone, ...[...lostSingle, ...oldSingle].map((id) => assetWorkflowId(id))].sort(),
    );
    expect(report).toMatchObject({ closed: 0, requeued: 5 });
    expect(await read(kept)).toEqual(before);
    const requeued = [...lost, ...lostSingle, ...oldSingle];
    for (const row of await read(requeued))
      expect(row).toMatchObject({ state: 'queued', held_by: null, isDispatched: false });

    // From here on each has a workflow of its own.
    await dispatchUntil(async () => (await read(requeued)).every(({ isDispatched }) => isDispatched));
    for (const row of await read(requeued)) expect(row.held_by).toBe(assetWorkflowId(row.id));
  });

  it('the reconciler cancels rows of a terminated holder, and requeues rows that a completed holder left', async () => {
    const terminated = await startDataset();
    const [canceled, left] = [await acceptHeldBy(terminated, 2), await acceptHeldBy('dataset-done', 2)];
    await lab.client.workflow.getHandle(terminated).terminate();
    await lab.withActivities(fairWeather(), () =>
      lab.client.workflow.execute(DELIVER_WEBHOOK, {
        workflowId: 'dataset-done',
        taskQueue: 'validatr-webhooks',
        args: [{ deliveryId: 'none' }],
      }),
    );
    expect((await reconcile()).report).toMatchObject({ closed: 2, requeued: 2 });
    expect((await read(canceled)).map(({ state }) => state)).toEqual(['canceled', 'canceled']);
    expect((await read(left)).map(({ isDispatched }) => isDispatched)).toEqual([false, false]);
  });

  it('a reset run takes over only what its workflow holds; a retry frees the row of its holder', async () => {
    const [assetId = ''] = await acceptHeldBy('dataset-x', 1);
    await validations.claim({ assetId, runId: 'run' }, 1);
    const reset = { assetId, runId: 'reset' };
    expect(await validations.takeOver(reset, assetWorkflowId(assetId))).toBe(false);
    expect(await validations.takeOver(reset, 'dataset-x')).toBe(true);
    const verdict = { state: 'complete', findings: [], steps: [], image: null } as const;
    await validations.finish(reset, verdict);
    expect(await read([assetId])).toMatchObject([{ state: 'complete', held_by: 'dataset-x' }]);

    await assets.retry(TENANT, assetId);
    expect(await read([assetId])).toMatchObject([{ held_by: null, isDispatched: false }]);
    expect(await validations.takeOver({ assetId, runId: 'other' }, 'dataset-x')).toBe(false);
    expect(await validations.takeOver({ assetId, runId: 'other' }, assetWorkflowId(assetId))).toBe(true);
    expect(await read([assetId])).toMatchObject([{ held_by: assetWorkflowId(assetId), isDispatched: true }]);
  });
});
