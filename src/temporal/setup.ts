import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { RECONCILE, stateAttribute, TASK_QUEUE, verdictAttribute } from '../../workflows/contract.ts';
import { CALL_DEADLINE_MS } from './client.ts';
import { reasonToWait } from './trouble.ts';

const SCHEDULE_ID = 'validatr-reconcile';

/** Two rounds and their work fit into the 60 s in which a terminated workflow's row has to be repaired. */
const RECONCILE_EVERY = '15 s';

/**
 * Creates what our workflows need in the namespace. Returns null when that is done, otherwise the reason to wait.
 * @throws errors that waiting does not mend, e.g. a missing permission
 */
export async function prepareNamespace(client: Client): Promise<string | null> {
  try {
    await client.withDeadline(Date.now() + CALL_DEADLINE_MS, async () => {
      await ensureSearchAttributes(client);
      await ensureReconcileSchedule(client);
    });
    return null;
  } catch (error) {
    const reason = reasonToWait(error);
    if (reason === undefined) throw error;
    return reason;
  }
}

/**
 * Registers the search attributes that are missing. The compose stack has them from `temporal-config`; a server that an
 * operator has just pointed us at does not.
 */
async function ensureSearchAttributes(client: Client): Promise<void> {
  const { operatorService } = client.connection as { operatorService?: OperatorService };
  if (operatorService === undefined) return;
  const { namespace } = client.options;
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = [stateAttribute, verdictAttribute].filter(
    ({ name }) => !(name in (customAttributes ?? {})),
  );
  if (missing.length === 0) return;
  const KEYWORD = 2;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map(({ name }) => [name, KEYWORD])),
  });
}

interface OperatorService {
  listSearchAttributes(request: {
    namespace: string;
  }): Promise<{ customAttributes?: Record<string, unknown> | null }>;
  addSearchAttributes(request: {
    namespace: string;
    searchAttributes: Record<string, number>;
  }): Promise<unknown>;
}

/** Creates the reconciler's Schedule, or updates the existing one. */
async function ensureReconcileSchedule(client: Client): Promise<void> {
  const options: Omit<ScheduleOptions, 'scheduleId'> & { action: { type: 'startWorkflow' } } = {
    spec: { intervals: [{ every: RECONCILE_EVERY }] },
    action: {
      type: 'startWorkflow',
      workflowType: RECONCILE,
      workflowId: SCHEDULE_ID,
      taskQueue: TASK_QUEUE,
      workflowRunTimeout: '2 min',
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 min' },
  };
  try {
    await client.schedule.create({ scheduleId: SCHEDULE_ID, ...options });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(SCHEDULE_ID).update((previous) => ({ ...previous, ...options }));
  }
}
