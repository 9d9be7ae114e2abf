import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { WEBHOOK_TASK_QUEUE } from './contract.ts';

const activities = proxyActivities<Activities>({
  // As for the reconciler.
  taskQueue: WEBHOOK_TASK_QUEUE,
  startToCloseTimeout: '50 min',
  heartbeatTimeout: '10 s',
  // The next round follows in an hour.
  retry: { maximumAttempts: 1 },
  summary: 'Delete what is older than RETENTION_DAYS and UPLOADS_KEEP_HOURS',
});

/** One round, started by the Temporal Schedule `validatr-retention`. */
export async function removeExpired() {
  return activities.removeExpired();
}
