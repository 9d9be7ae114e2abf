import type { Client } from '@temporalio/client';
import {
  DELIVER_WEBHOOK,
  type DeliverWebhookInput,
  deliveryWorkflowId,
  standInWorkflowId,
  tryNowSignal,
  WEBHOOK_TASK_QUEUE,
} from '../../workflows/contract.ts';
import type { WebhookTurns } from '../domain/ports/webhooks.ts';
import { CALL_DEADLINE_MS } from './client.ts';
import { doEach } from './setbacks.ts';
import type { ChoreDeps } from './signal-cancels.ts';

/** Tells which deliveries would get no try now. Null in a process that sends none, because it does not know. */
export type KnownTurns = Pick<WebhookTurns, 'blockedForMs' | 'blockedTenants'> | null;

/**
 * One round: starts a workflow for each overdue delivery that would get a try now, and puts off the others. Returns how many it
 * found. There may be more.
 */
export async function handOverDeliveries(deps: ChoreDeps, turns: KnownTurns): Promise<number> {
  const { queue, onError } = deps;
  const parked = new Set<string>();
  // Tenants beyond their minute are left out and stay overdue. Putting them off would update all their rows each minute.
  const overdue = await queue.overdueDeliveries(turns?.blockedTenants());
  await doEach(
    overdue,
    async (delivery) => {
      // The deliveries before this one may have used up the minute.
      if (parked.has(delivery.endpointId) || turns?.blockedTenants().has(delivery.tenant)) return;
      const waitMs = turns?.blockedForMs(delivery) ?? 0;
      if (waitMs > 0) {
        // Puts off all of the endpoint, so that the next round has room for other endpoints.
        await queue.parkOverdue(delivery, waitMs);
        parked.add(delivery.endpointId);
        return;
      }
      await handOver(deps, delivery.id);
    },
    ({ id }, error) => onError(error, 'handing over a delivery', id),
  );
  return overdue.length;
}

/**
 * Marks the delivery before its workflow is started, because a worker may park the delivery as soon as the workflow runs. If
 * this process dies between the two, the reconciler finds no workflow and makes the delivery due again.
 */
async function handOver({ queue, client, setbacks }: ChoreDeps, deliveryId: string): Promise<void> {
  const mark = await queue.markHandedOver(deliveryId);
  if (mark === null) return;
  try {
    await startDelivery(client, deliveryId);
    setbacks.forget(deliveryId);
  } catch (error) {
    await queue.unmarkHandedOver(deliveryId, mark, setbacks.add(deliveryId, error)).catch(() => undefined);
    throw error;
  }
}

/** Starts the delivery's workflow. The signal ends the wait of one that is running. */
async function startDelivery(client: Client, deliveryId: string): Promise<void> {
  await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    client.workflow.signalWithStart<(input: DeliverWebhookInput) => Promise<void>>(DELIVER_WEBHOOK, {
      ...optionsFor(deliveryId),
      signal: tryNowSignal,
    }),
  );
}

/**
 * Starts the delivery's workflow under another id, unless it runs already, because a workflow of another type has the first id.
 */
export async function startStandIn(client: Client, deliveryId: string): Promise<void> {
  await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    client.workflow.start<(input: DeliverWebhookInput) => Promise<void>>(DELIVER_WEBHOOK, {
      ...optionsFor(deliveryId),
      workflowId: standInWorkflowId(deliveryWorkflowId(deliveryId)),
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  );
}

function optionsFor(deliveryId: string) {
  return {
    workflowId: deliveryWorkflowId(deliveryId),
    taskQueue: WEBHOOK_TASK_QUEUE,
    workflowTaskTimeout: '5 s',
    args: [{ deliveryId }] as [DeliverWebhookInput],
  } as const;
}
