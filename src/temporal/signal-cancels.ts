import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { cancelSignal } from '../../workflows/contract.ts';
import type { DispatchQueue } from '../domain/ports/dispatch.ts';
import { CALL_DEADLINE_MS } from './client.ts';

/** Tells workflows that their asset is to be canceled. */
export async function signalCancels(queue: DispatchQueue, client: Client): Promise<void> {
  for (const asset of await queue.cancelsToSignal()) {
    if (await signalCancel(client, asset.heldBy, asset.reason)) await queue.markCancelSignaled(asset);
  }
}

/** False if there is no such workflow. The reconciler settles its row. */
async function signalCancel(client: Client, workflowId: string, reason: string | null): Promise<boolean> {
  try {
    await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      client.workflow.getHandle(workflowId).signal(cancelSignal, reason ?? undefined),
    );
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
