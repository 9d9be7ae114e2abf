import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';

const { reconcileAssets } = proxyActivities<Activities>({
  startToCloseTimeout: '60 s',
  // It beats every 3 s: a round whose worker died must not hold up the next ones.
  heartbeatTimeout: '10 s',
  // A round that fails is followed by the next in 15 s.
  retry: { maximumAttempts: 1 },
  summary: 'Hold open rows against their workflows',
});

/** One round, started by the Temporal Schedule `validatr-reconcile`. */
export async function reconcile() {
  return reconcileAssets();
}
