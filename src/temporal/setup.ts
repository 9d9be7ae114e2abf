import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { RECONCILE, REMOVE_EXPIRED, TASK_QUEUE } from '../../workflows/contract.ts';
import { CALL_DEADLINE_MS } from './client.ts';
import {
  describeMissing,
  findMissing,
  operatorServiceOf,
  SCHEDULE_IDS,
  type ScheduleId,
} from './namespace.ts';
import { hasGrpcCode, reasonToWait } from './trouble.ts';

/** Two rounds and their work fit into the 60 s in which a terminated workflow's row has to be repaired. */
const RECONCILE_EVERY = '15 s';

/** As `temporal-config/setup-namespace.sh` has it. */
const HISTORY_DAYS = 7;

const ALREADY_EXISTS = 6;
/** A server may not let us make namespaces, or may not have that call. */
const MAY_NOT_CREATE = [7, 12, 16];

export interface Preparation {
  /** Whether existing Schedules are brought to this version's settings. */
  readonly updateSchedules: boolean;
  /** Called with what the namespace lacks, before that is created. */
  readonly onMissing: (reason: string) => void;
}

/**
 * Creates what our workflows need and the server lacks: the namespace, its search attributes, our Schedules. Writes
 * nothing else. Returns null when all is there, otherwise the reason to wait.
 * @throws errors that waiting does not mend, e.g. a missing permission
 */
export async function prepareNamespace(
  client: Client,
  { updateSchedules, onMissing }: Preparation,
): Promise<string | null> {
  try {
    return await client.withDeadline(Date.now() + CALL_DEADLINE_MS, async () => {
      const missing = await findMissing(client);
      const reason = describeMissing(missing);
      if (reason !== null) onMissing(reason);
      // The server knows a new namespace only after some seconds, so the rest has to wait.
      if (missing.namespace) return await createNamespace(client);
      if (missing.searchAttributes.length > 0) await addSearchAttributes(client, missing.searchAttributes);
      for (const id of missing.schedules) await createSchedule(client, id);
      if (updateSchedules)
        for (const id of SCHEDULE_IDS)
          if (!missing.schedules.includes(id)) await updateToThisVersion(client, id);
      return null;
    });
  } catch (error) {
    const reason = reasonToWait(error);
    if (reason === undefined) throw error;
    return reason;
  }
}

async function createNamespace(client: Client): Promise<string> {
  const { namespace } = client.options;
  const reason = 'it does not have this namespace';
  try {
    await client.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs(`${HISTORY_DAYS} days`),
    });
    return `${reason}, so it is being created`;
  } catch (error) {
    if (hasGrpcCode(error, ALREADY_EXISTS)) return `${reason} yet`;
    if (!MAY_NOT_CREATE.some((code) => hasGrpcCode(error, code))) throw error;
    return `${reason}, and we may not create it: temporal operator namespace create --namespace ${namespace} --retention ${HISTORY_DAYS}d`;
  }
}

async function addSearchAttributes(client: Client, names: readonly string[]): Promise<void> {
  const KEYWORD = 2;
  await operatorServiceOf(client)?.addSearchAttributes({
    namespace: client.options.namespace,
    searchAttributes: Object.fromEntries(names.map((name) => [name, KEYWORD])),
  });
}

type Schedule = Omit<ScheduleOptions, 'scheduleId'> & { action: { type: 'startWorkflow' } };

const SCHEDULES: Readonly<Record<ScheduleId, Schedule>> = {
  'validatr-reconcile': {
    spec: { intervals: [{ every: RECONCILE_EVERY }] },
    action: {
      type: 'startWorkflow',
      workflowType: RECONCILE,
      workflowId: 'validatr-reconcile',
      taskQueue: TASK_QUEUE,
      workflowRunTimeout: '2 min',
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 min' },
  },
  'validatr-retention': {
    spec: { intervals: [{ every: '1 hour' }] },
    action: {
      type: 'startWorkflow',
      workflowType: REMOVE_EXPIRED,
      workflowId: 'validatr-retention',
      taskQueue: TASK_QUEUE,
      workflowRunTimeout: '1 hour',
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' },
  },
};

async function createSchedule(client: Client, scheduleId: ScheduleId): Promise<void> {
  try {
    await client.schedule.create({ scheduleId, ...SCHEDULES[scheduleId] });
  } catch (error) {
    // Another worker was faster.
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

async function updateToThisVersion(client: Client, scheduleId: ScheduleId): Promise<void> {
  await client.schedule
    .getHandle(scheduleId)
    .update((previous) => ({ ...previous, ...SCHEDULES[scheduleId] }));
}
