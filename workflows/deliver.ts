import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ParentClosePolicy,
  proxyLocalActivities,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { EventToSend } from '../src/domain/ports/validations.ts';
import {
  DELIVER_WEBHOOK,
  type DeliverWebhookInput,
  deliveryWorkflowId,
  WEBHOOK_TASK_QUEUE,
} from './contract.ts';
import { type ExecutionMode, isActivityFailure } from './durable.ts';

/**
 * Sends an event without delaying the verdict. It makes one short try in line. If that does not settle the
 * delivery, it starts a delivery workflow, which outlives this one. Returns true if it started that
 * workflow, which takes another workflow task.
 */
export function deliver({ deliveryId, event }: EventToSend, mode: ExecutionMode): Promise<boolean> {
  return CancellationScope.nonCancellable(async () => {
    if (mode === 'local' && (await tryInLine(deliveryId, event))) return false;
    try {
      await startChild<(input: DeliverWebhookInput) => Promise<void>>(DELIVER_WEBHOOK, {
        workflowId: deliveryWorkflowId(deliveryId),
        taskQueue: WEBHOOK_TASK_QUEUE,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowTaskTimeout: '5 s',
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        args: [{ deliveryId }],
        staticSummary: `${event} webhook`,
      });
    } catch (error) {
      // The dispatcher, or an earlier run of this code, has already started it, which counts as success.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    return true;
  });
}

async function tryInLine(deliveryId: string, event: string): Promise<boolean> {
  const { tryWebhookOnce } = proxyLocalActivities<Activities>({
    startToCloseTimeout: '3 s',
    scheduleToCloseTimeout: '5 s',
    retry: { maximumAttempts: 1 },
    summary: `First try of the ${event} webhook`,
  });
  try {
    return (await tryWebhookOnce({ deliveryId })).outcome === 'done';
  } catch (error) {
    if (isActivityFailure(error)) return false;
    throw error;
  }
}
