import { heartbeat } from '@temporalio/activity';
import type { ReconcileReport } from '../src/domain/ports.ts';
import type { ActivityDeps } from './deps.ts';

/** A third of the heartbeat timeout that the workflow gives it. */
const HEARTBEAT_EVERY_MS = 3_000;

/** One round of the reconciler, as the Temporal Schedule calls it. */
export function createReconcileAssets({ reconcile }: Pick<ActivityDeps, 'reconcile'>) {
  return async (): Promise<ReconcileReport> => {
    const beat = setInterval(heartbeat, HEARTBEAT_EVERY_MS);
    try {
      return await reconcile();
    } finally {
      clearInterval(beat);
    }
  };
}
