import { Client } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../src/db/assets/dispatch-queue.ts';
import { createRepairStore } from '../../src/db/assets/repair-store.ts';
import { createExecutions } from '../../src/temporal/executions.ts';
import type { AssetStore } from '../../src/domain/ports/assets.ts';
import type { DispatchQueue } from '../../src/domain/ports/dispatch.ts';
import { startDispatcher } from '../../src/temporal/dispatcher.ts';
import { createReconcile } from '../../src/temporal/reconcile.ts';
import {
  assetWorkflowId,
  DELIVER_WEBHOOK,
  deliveryWorkflowId,
  standInWorkflowId,
  VALIDATE_ASSET,
} from '../../workflows/contract.ts';
import { cloneDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { insertEvents } from '../support/tenant-events.ts';
import { fairWeather, openWorkflowLab, type WorkflowLab } from '../support/workflow-lab.ts';

const TENANT = 'default';

describe('a workflow that somebody else has started under our id', () => {
  let lab: WorkflowLab;
  let database: TestDatabase;
  let assets: AssetStore;
  let queue: DispatchQueue;
  const ignore = () => undefined;
  /** Texts of the errors that were reported. */
  let reported: string[] = [];
  const onError = (error: unknown) => void reported.push(error instanceof Error ? error.message : '');

  beforeAll(async () => {
    [lab, database] = await Promise.all([openWorkflowLab(), cloneDatabase()]);
    assets = createAssetStore(database.orm, ignore);
    queue = createDispatchQueue(database.orm);
  });
  beforeEach(async () => {
    reported = [];
    await database.query('DELETE FROM deliveries');
    await database.query('DELETE FROM assets');
  });
  afterAll(async () => {
    await lab?.stop();
    await database?.drop();
  });

  /** An open asset that was dispatched to its own workflow a minute ago. */
  async function acceptDispatched({ attempt = 1, ago = '1 min' } = {}): Promise<string> {
    const submission = { assetPath: { location: 'local', path: 'x.jpg' }, notifications: {} } as const;
    const id = await assets.accept(TENANT, submission);
    await database.query(
      `UPDATE assets SET attempt = ?, held_by = 'asset-' || id::text, dispatched_at = now() - ?::interval WHERE id = ?`,
      [attempt, ago, id],
    );
    return id;
  }

  async function read(id: string) {
    const [row] = await database.query<{ state: string; heldBy: string | null; isSignaled: boolean }>(
      `SELECT state, held_by AS "heldBy", cancel_signaled_at IS NOT NULL AS "isSignaled" FROM assets WHERE id = ?`,
      [id],
    );
    return row;
  }

  /** A workflow that no worker takes. */
  const startForeign = (workflowId: string, client = lab.client) =>
    client.workflow.start('anything', { workflowId, taskQueue: 'nowhere', memo: { whose: 'not ours' } });

  const reconcile = createReconcileRound();
  function createReconcileRound() {
    let round: ReturnType<typeof createReconcile> | undefined;
    return () => {
      round ??= createReconcile({
        client: lab.client,
        repairs: createRepairStore(database.orm, () => Promise.resolve({}), ignore),
        onError,
      });
      return round(new Date());
    };
  }

  async function dispatchUntil(condition: () => Promise<boolean | undefined>): Promise<void> {
    const dispatcher = startDispatcher({
      queue,
      client: lab.client,
      stepExecution: 'local',
      eager: false,
      mayStart: () => Promise.resolve(true),
      turns: null,
      onError,
    });
    try {
      await eventually(condition, { what: 'the dispatcher’s work' });
    } finally {
      await dispatcher.stop();
    }
  }

  it('and that has ended is not taken for ours: its row and all others are repaired in the same round', async () => {
    const [claimed, unclaimed, lost] = [
      await acceptDispatched(),
      await acceptDispatched(),
      await acceptDispatched(),
    ];
    await database.query(`UPDATE assets SET state = 'in_progress', run_id = 'ended' WHERE id = ?`, [claimed]);
    const [delivery = ''] = await insertEvents(database, TENANT, ['https://example.com/hook']);
    await database.query(`UPDATE deliveries SET handed_over_at = now() - interval '1 min'`);
    await lab.withActivities(fairWeather(), async () => {
      for (const id of [claimed, unclaimed])
        await lab.client.workflow.execute(DELIVER_WEBHOOK, {
          workflowId: assetWorkflowId(id),
          taskQueue: 'validatr-webhooks',
          args: [{ deliveryId: 'none' }],
        });
    });
    expect(await reconcile()).toEqual({ closed: 0, requeued: 3, deliveries: 1 });
    for (const id of [claimed, unclaimed, lost])
      expect(await read(id)).toMatchObject({ state: 'queued', heldBy: null });
    expect((await queue.overdueDeliveries()).map(({ id }) => id)).toEqual([delivery]);
  });

  it('and that stays running is named in the log, while the asset is validated, canceled and asked under another id', async () => {
    const id = await acceptDispatched();
    const foreign = await startForeign(assetWorkflowId(id));
    const standIn = standInWorkflowId(assetWorkflowId(id));
    expect(await reconcile()).toMatchObject({ requeued: 1 });
    await dispatchUntil(async () => (await read(id))?.heldBy === standIn);
    expect(reported).toEqual([expect.stringContaining(assetWorkflowId(id))]);
    expect(await lab.client.workflow.getHandle(standIn).describe()).toMatchObject({ type: VALIDATE_ASSET });

    await assets.requestCancel(TENANT, id, null);
    await dispatchUntil(async () => (await read(id))?.isSignaled);
    const { events } = await foreign.fetchHistory();
    expect((events ?? []).some((event) => event.workflowExecutionSignaledEventAttributes)).toBe(false);

    await lab.withActivities(fairWeather(), async () => {
      await lab.client.workflow.getHandle(standIn).result();
      const { queryStatus } = createExecutions(lab.client);
      expect(await queryStatus(id, standIn)).toMatchObject({ id, state: 'canceled' });
    });
    // The activities of this test write no row, so the reconciler has to.
    await database.query(`UPDATE assets SET dispatched_at = now() - interval '1 min'`);
    expect(await reconcile()).toMatchObject({ closed: 1 });
    expect(await read(id)).toMatchObject({ state: 'canceled', heldBy: standIn });
  });

  it('is found by its type also if its memo cannot be read', async () => {
    const id = await acceptDispatched();
    const encrypting = new Client({
      connection: lab.client.connection,
      namespace: lab.client.options.namespace,
      dataConverter: {
        payloadCodecs: [
          {
            encode: (payloads) =>
              Promise.resolve(
                payloads.map(({ data }) => ({
                  metadata: { encoding: Buffer.from('binary/encrypted') },
                  data: data ?? null,
                })),
              ),
            decode: (payloads) => Promise.resolve(payloads),
          },
        ],
      },
    });
    await startForeign(assetWorkflowId(id), encrypting);
    expect(await reconcile()).toMatchObject({ requeued: 1 });
  });

  it('does not hold a delivery: it is sent under another id, and the log names the workflow once', async () => {
    const [id = ''] = await insertEvents(database, TENANT, ['https://example.com/hook']);
    await startForeign(deliveryWorkflowId(id));
    await dispatchUntil(async () => (await queue.overdueDeliveries()).length === 0);
    await database.query(`UPDATE deliveries SET handed_over_at = now() - interval '1 min'`);
    const calls: string[] = [];
    for (let round = 0; round < 2; round += 1) await reconcile();
    await lab.withActivities(fairWeather(calls), () =>
      lab.client.workflow.getHandle(standInWorkflowId(deliveryWorkflowId(id))).result(),
    );
    expect(calls).toEqual([`sendWebhook ${id}`]);
    expect(reported).toEqual([expect.stringContaining(deliveryWorkflowId(id))]);
  });

  it('or our own run of an earlier attempt leaves no row open for ever once the start of this attempt is lost', async () => {
    const [lost, justNow] = [
      await acceptDispatched({ attempt: 2 }),
      await acceptDispatched({ attempt: 2, ago: '1 s' }),
    ];
    await lab.withActivities(fairWeather(), async () => {
      for (const id of [lost, justNow]) {
        const { workflowId } = await lab.start({ assetId: id });
        await lab.client.workflow.getHandle(workflowId).result();
      }
    });
    expect(await reconcile()).toMatchObject({ requeued: 1 });
    expect(await read(lost)).toMatchObject({ heldBy: null });
    expect(await read(justNow)).toMatchObject({ heldBy: assetWorkflowId(justNow) });
  });
});
