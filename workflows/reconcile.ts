import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { WEBHOOK_TASK_QUEUE } from './contract.ts';

const { reconcileAssets } = proxyActivities<Activities>({
  // Steps that hang may take every place for activities of validations. Webhook tries leave some free.
  taskQueue: WEBHOOK_TASK_QUEUE,
  startToCloseTimeout: '60 s',
  // The activity sends a heartbeat every 3 s, so a round whose worker died does not delay the next ones.
  heartbeatTimeout: '10 s',
  // A failed round is not retried, because the next one follows in 15 s.
  retry: { maximumAttempts: 1 },
  summary: 'Compare open rows with their workflows',
});

/** One round, started by the Temporal Schedule `validatr-reconcile`. */
export async function reconcile() {
  return reconcileAssets();
}
