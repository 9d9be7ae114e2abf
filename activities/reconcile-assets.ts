import type { ReconcileReport } from '../src/domain/ports/repairs.ts';
import type { ActivityDeps } from './deps.ts';
import { beating } from './heartbeats.ts';

/** One round of the reconciler, as the Temporal Schedule calls it. */
export function createReconcileAssets({ reconcile }: Pick<ActivityDeps, 'reconcile'>) {
  return (): Promise<ReconcileReport> => beating(reconcile);
}
