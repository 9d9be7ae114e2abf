import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIVER_WEBHOOK, tryNowSignal, WEBHOOK_TASK_QUEUE } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { fairWeather, openWorkflowLab, recordHistory, type WorkflowLab } from '../support/workflow-lab.ts';

/** A delivery's run has at most about 200 events. A try that was asked for adds about ten. */
const ROUNDS = 28;

describe('workflows that are interrupted', () => {
  let lab: WorkflowLab;

  beforeAll(async () => {
    lab = await openWorkflowLab();
  });
  afterAll(() => lab?.stop());

  it('run again from the task that they are reset to', async () => {
    const calls: string[] = [];
    await lab.withActivities(fairWeather(calls), async () => {
      const validation = await lab.start({ assetId: 'reset', stepExecution: 'regular' });
      await validation.result();
      const before = calls.length;
      const { events } = await lab.client.workflow.getHandle(validation.workflowId).fetchHistory();
      const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
      const middle = tasks[Math.floor(tasks.length / 2)];
      const { runId } = await lab.client.workflowService.resetWorkflowExecution({
        namespace: lab.client.options.namespace,
        workflowExecution: { workflowId: validation.workflowId },
        workflowTaskFinishEventId: middle?.eventId ?? null,
        requestId: 'reset',
      });
      expect(await lab.client.workflow.getHandle(validation.workflowId, runId).result()).toMatchObject({
        state: 'complete',
      });
      expect(calls.length).toBeGreaterThan(before);
      expect(calls.filter((name) => name === 'claimAsset')).toHaveLength(1);
      await recordHistory(lab.client, validation.workflowId, 'reset');
    });
  });

  it('try a delivery at once when asked to, and once more when asked after its end', async () => {
    let sends = 0;
    let endTry: (() => void) | undefined;
    const activities = {
      ...fairWeather(),
      async sendWebhook() {
        sends += 1;
        if (sends === 1) return { outcome: 'later', waitMs: 3_600_000 } as const;
        if (sends === 2) await new Promise<void>((resolve) => (endTry = resolve));
        return { outcome: 'done' } as const;
      },
    };
    await lab.withActivities(activities, async () => {
      const handle = await lab.client.workflow.start(DELIVER_WEBHOOK, {
        workflowId: 'delivery-asked-for',
        taskQueue: WEBHOOK_TASK_QUEUE,
        args: [{ deliveryId: 'asked-for' }],
      });
      await eventually(() => sends === 1);
      await handle.signal(tryNowSignal);
      await eventually(() => endTry !== undefined, { what: 'the try that was asked for' });
      await handle.signal(tryNowSignal);
      endTry?.();
      await handle.result();
      expect(sends).toBe(3);
      await recordHistory(lab.client, 'delivery-asked-for', 'deliver-webhook-asked-for');
    });
  });

  it('go on as a new run before a delivery has too many events, and lose no request to try at once', async () => {
    let sends = 0;
    const activities = {
      ...fairWeather(),
      async sendWebhook() {
        sends += 1;
        return sends > ROUNDS
          ? ({ outcome: 'done' } as const)
          : ({ outcome: 'later', waitMs: 3_600_000 } as const);
      },
    };
    await lab.withActivities(activities, async () => {
      const handle = await lab.client.workflow.start(DELIVER_WEBHOOK, {
        workflowId: 'delivery-often-asked-for',
        taskQueue: WEBHOOK_TASK_QUEUE,
        args: [{ deliveryId: 'often-asked-for' }],
      });
      // Each try but the first comes of a signal, because a wait is longer than this test.
      for (let round = 1; round <= ROUNDS; round += 1) {
        await eventually(() => sends >= round, { what: `try ${round}` });
        await lab.client.workflow.getHandle(handle.workflowId).signal(tryNowSignal);
      }
      const current = lab.client.workflow.getHandle(handle.workflowId);
      await current.result();
      const { runId, historyLength } = await current.describe();
      expect(runId).not.toBe(handle.firstExecutionRunId);
      expect(historyLength).toBeLessThan(250);
      const first = lab.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
      expect((await first.describe()).status.name).toBe('CONTINUED_AS_NEW');
      await recordHistory(
        lab.client,
        handle.workflowId,
        'deliver-webhook-continued',
        handle.firstExecutionRunId,
      );
    });
  });
});
