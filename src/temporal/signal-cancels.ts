import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { cancelSignal } from '../../workflows/contract.ts';
import type { CancelToSignal, DispatchQueue } from '../domain/ports/dispatch.ts';
import { CALL_DEADLINE_MS } from './client.ts';
import { doEach, type Setbacks } from './setbacks.ts';

/** The dependencies of each chore of the dispatcher. */
export interface ChoreDeps {
  readonly queue: DispatchQueue;
  readonly client: Client;
  readonly setbacks: Setbacks;
  readonly onError: (error: unknown, doing: string, id?: string) => void;
}

/** Tells workflows that their asset is to be canceled. A request that no workflow takes is put off. */
export async function signalCancels(deps: ChoreDeps): Promise<void> {
  await doEach(
    await deps.queue.cancelsToSignal(),
    (asset) => passOn(deps, asset),
    (asset, error) => {
      // Without a workflow, the reconciler settles the row.
      if (!(error instanceof WorkflowNotFoundError))
        deps.onError(error, 'passing on a request to cancel', asset.id);
    },
  );
}

async function passOn({ queue, client, setbacks }: ChoreDeps, asset: CancelToSignal): Promise<void> {
  try {
    await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      client.workflow.getHandle(asset.heldBy).signal(cancelSignal, asset.reason ?? undefined),
    );
  } catch (error) {
    await queue.release(asset, setbacks.add(asset.id, error)).catch(() => undefined);
    throw error;
  }
  await queue.markCancelSignaled(asset);
  setbacks.forget(asset.id);
}
