import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatchQueue } from '../../src/db/assets/dispatch-queue.ts';
import { createRepairStore } from '../../src/db/assets/repair-store.ts';
import { createDeliveryStore } from '../../src/db/deliveries/delivery-store.ts';
import type { DispatchQueue } from '../../src/domain/ports/dispatch.ts';
import type { DeliveryStore } from '../../src/domain/ports/webhooks.ts';
import { startDispatcher } from '../../src/temporal/dispatcher.ts';
import { createReconcile } from '../../src/temporal/reconcile.ts';
import { DELIVER_WEBHOOK, deliveryWorkflowId } from '../../workflows/contract.ts';
import { cloneDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { insertEvents } from '../support/tenant-events.ts';
import { openWorkflowLab, type WorkflowLab } from '../support/workflow-lab.ts';

/** Longer than the time for which a delivery is left alone after it was handed over. */
const AGED_BY_MS = 20_000;

type BeforeAnswer = (start: () => Promise<string>) => Promise<string>;

describe('handing a delivery to a workflow', () => {
  let lab: WorkflowLab;
  let database: TestDatabase;
  let queue: DispatchQueue;
  let deliveries: DeliveryStore;

  beforeAll(async () => {
    [lab, database] = await Promise.all([openWorkflowLab(), cloneDatabase()]);
    queue = createDispatchQueue(database.orm);
    deliveries = createDeliveryStore(database.orm, { endpointsMax: 1_000 });
  });
  afterAll(async () => {
    await lab.stop();
    await database.drop();
  });

  async function insertOverdue(): Promise<string> {
    const [id = ''] = await insertEvents(database, 'tenant', ['https://example.com/hook']);
    return id;
  }

  async function readRow(id: string) {
    const [row] = await database.query<{ state: string; isHandedOver: boolean; isOverdue: boolean }>(
      `SELECT state, handed_over_at IS NOT NULL AS "isHandedOver", due_at < now() AS "isOverdue"
       FROM deliveries WHERE id = ?`,
      [id],
    );
    return row;
  }

  /** Runs a dispatcher until `until` is true. `answer` stands in for Temporal's answers to its starts. */
  async function dispatchWith(answer: BeforeAnswer, until: () => Promise<boolean> | boolean): Promise<void> {
    const dispatcher = startDispatcher({
      queue,
      client: new Client({
        connection: lab.client.connection,
        namespace: lab.client.options.namespace,
        interceptors: { workflow: [{ signalWithStart: (input, next) => answer(() => next(input)) }] },
      }),
      stepExecution: 'local',
      eager: false,
      mayStart: () => Promise.resolve(true),
      turns: null,
      onError: () => undefined,
    });
    try {
      await eventually(until, { what: 'the hand-over' });
    } finally {
      await dispatcher.stop();
    }
  }

  it('leaves it to its due time when a worker parks it before the start is answered', async () => {
    const id = await insertOverdue();
    let starts = 0;
    await lab.withActivities(
      {
        async sendWebhook({ deliveryId }) {
          await deliveries.park(deliveryId, 3_600_000);
          return { outcome: 'done' };
        },
      },
      () =>
        dispatchWith(
          async (start) => {
            const runId = await start();
            await lab.client.workflow.getHandle(deliveryWorkflowId(id)).result();
            starts += 1;
            return runId;
          },
          () => starts > 0,
        ),
    );
    expect(await readRow(id)).toEqual({ state: 'pending', isHandedOver: false, isOverdue: false });
    await database.query(`UPDATE deliveries SET due_at = now() - interval '1 s' WHERE id = ?`, [id]);
    expect((await queue.overdueDeliveries()).map((delivery) => delivery.id)).toContain(id);
    await database.query('DELETE FROM deliveries');
  });

  it('puts it off when the start fails, and tries again', async () => {
    const id = await insertOverdue();
    let starts = 0;
    await dispatchWith(
      () => {
        starts += 1;
        return Promise.reject(new Error('no server'));
      },
      () => starts > 1,
    );
    expect(await readRow(id)).toMatchObject({ state: 'pending', isHandedOver: false });
    await eventually(async () => (await readRow(id))?.isOverdue, { what: 'the end of the pause' });
    await database.query('DELETE FROM deliveries');
  });

  it('is done by one process, and taken back only by the process whose start failed', async () => {
    const id = await insertOverdue();
    const marks = await Promise.all([1, 2, 3].map(() => queue.markHandedOver(id)));
    const mark = marks.find((one) => one !== null) ?? '';
    expect(marks.filter((one) => one === null)).toHaveLength(2);
    await deliveries.park(id, 0);
    await eventually(async () => (await readRow(id))?.isOverdue);
    expect(await queue.markHandedOver(id)).not.toBeNull();
    await queue.unmarkHandedOver(id, mark, 0);
    expect(await readRow(id)).toMatchObject({ isHandedOver: true });
    await database.query('DELETE FROM deliveries');
  });

  it('is repaired by the reconciler if the process died before the start, whatever an earlier run did', async () => {
    const repairs = createRepairStore(
      database.orm,
      () => Promise.resolve({}),
      () => undefined,
    );
    const reconcile = createReconcile({
      client: lab.client,
      repairs: {
        ...repairs,
        async takeDeliveriesLongestUnchecked(count) {
          const taken = await repairs.takeDeliveriesLongestUnchecked(count);
          return taken.map(({ id, handedOverAgoMs }) => ({
            id,
            handedOverAgoMs: handedOverAgoMs - AGED_BY_MS,
          }));
        },
      },
      onError: () => undefined,
    });
    const [neverStarted, stoppedBefore] = [await insertOverdue(), await insertOverdue()];
    const handle = await lab.client.workflow.start(DELIVER_WEBHOOK, {
      workflowId: deliveryWorkflowId(stoppedBefore),
      taskQueue: 'nowhere',
      args: [{ deliveryId: stoppedBefore }],
    });
    await handle.terminate();
    await Promise.all([neverStarted, stoppedBefore].map((id) => queue.markHandedOver(id)));
    // A delivery that was marked just now may be on its way.
    expect(await reconcile(new Date())).toMatchObject({ deliveries: 0 });
    await database.query(`UPDATE deliveries SET handed_over_at = handed_over_at - make_interval(secs => ?)`, [
      AGED_BY_MS / 1000,
    ]);
    expect(await reconcile(new Date())).toMatchObject({ deliveries: 2 });
    for (const id of [neverStarted, stoppedBefore])
      expect(await readRow(id)).toEqual({ state: 'pending', isHandedOver: false, isOverdue: true });
  });
});
