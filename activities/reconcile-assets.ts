import { activityInfo } from '@temporalio/activity';
import type { ReconcileReport } from '../src/domain/ports/repairs.ts';
import type { ActivityDeps } from './deps.ts';
import { beating } from './heartbeats.ts';

/** One round of the reconciler, as the Temporal Schedule calls it. It begins when Temporal's clock says that it was scheduled. */
export function createReconcileAssets({ reconcile }: Pick<ActivityDeps, 'reconcile'>) {
  return (): Promise<ReconcileReport> =>
    beating(() => reconcile(new Date(activityInfo().currentAttemptScheduledTimestampMs)));
}
