import { expect, it } from 'vitest';
import { RECONCILE, TASK_QUEUE, WEBHOOK_TASK_QUEUE } from '../../workflows/contract.ts';
import { openWorkflowLab } from '../support/workflow-lab.ts';

it('runs its rounds where steps that hang take no place', async () => {
  const lab = await openWorkflowLab();
  const reconcileAssets = () => Promise.resolve({ closed: 1, requeued: 0, deliveries: 0 });
  try {
    await lab.withActivities({ reconcileAssets }, async () => {
      const round = await lab.client.workflow.start(RECONCILE, {
        workflowId: 'round',
        taskQueue: TASK_QUEUE,
      });
      expect(await round.result()).toMatchObject({ closed: 1 });
      const { events } = await round.fetchHistory();
      const scheduled = (events ?? []).flatMap(
        ({ activityTaskScheduledEventAttributes: attributes }) => attributes?.taskQueue?.name ?? [],
      );
      expect(scheduled).toEqual([WEBHOOK_TASK_QUEUE]);
    });
  } finally {
    await lab.stop();
  }
});
