import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { stateAttribute, verdictAttribute } from '../../workflows/contract.ts';
import { connectTrouble, hasGrpcCode, reasonToWait } from './trouble.ts';

/** The Schedules that start our rounds. */
export const SCHEDULE_IDS = ['validatr-reconcile', 'validatr-retention'] as const;
export type ScheduleId = (typeof SCHEDULE_IDS)[number];

const NOT_FOUND = 5;

/** The parts that our workflows need and the namespace lacks. */
export interface Missing {
  readonly namespace: boolean;
  readonly searchAttributes: readonly string[];
  readonly schedules: readonly ScheduleId[];
}

/** Looks what is missing. These are four quick calls at once, and nothing is written. */
export async function findMissing(client: Client): Promise<Missing> {
  // All are awaited, also after one has failed. If a connection is closed while the client is about to try a call again,
  // the client throws an error that nobody can catch.
  const [namespace, searchAttributes, ...schedules] = await Promise.allSettled([
    hasNamespace(client),
    missingSearchAttributes(client),
    ...SCHEDULE_IDS.map((id) => isScheduleMissing(client, id)),
  ]);
  // The others fail without the namespace.
  if (!valueOf(namespace)) return { namespace: true, searchAttributes: [], schedules: [] };
  return {
    namespace: false,
    searchAttributes: valueOf(searchAttributes),
    schedules: SCHEDULE_IDS.filter((_, index) => valueOf(schedules[index] as PromiseSettledResult<boolean>)),
  };
}

function valueOf<Value>(settled: PromiseSettledResult<Value>): Value {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

const NO_NAMESPACE = 'it does not have this namespace';
const LACKS = 'its namespace lacks ';

/** Whether a worker mends this trouble by itself when it starts. */
export function isMendedByWorkers(trouble: string): boolean {
  return trouble === NO_NAMESPACE || trouble.startsWith(LACKS);
}

/** Says what is missing, for logs and `/readyz`. Null if nothing is. */
export function describeMissing({ namespace, searchAttributes, schedules }: Missing): string | null {
  if (namespace) return NO_NAMESPACE;
  const lacks = [
    ...(searchAttributes.length > 0 ? [`the search attributes ${searchAttributes.join(' and ')}`] : []),
    ...schedules.map((id) => `the Schedule ${id}`),
  ];
  return lacks.length > 0 ? LACKS + lacks.join(' and ') : null;
}

/** The reason why Temporal can't be used now. Null once it answers and has all that our workflows need. */
export async function findTemporalTrouble(client: Client, deadlineMs: number): Promise<string | null> {
  try {
    return await client.withDeadline(Date.now() + deadlineMs, async () =>
      describeMissing(await findMissing(client)),
    );
  } catch (error) {
    return reasonToWait(error) ?? connectTrouble(error);
  }
}

async function hasNamespace(client: Client): Promise<boolean> {
  try {
    await client.workflowService.describeNamespace({ namespace: client.options.namespace });
    return true;
  } catch (error) {
    if (hasGrpcCode(error, NOT_FOUND)) return false;
    throw error;
  }
}

/** The compose stack has them from `temporal-config`. A server that an operator has just pointed us at does not. */
async function missingSearchAttributes(client: Client): Promise<string[]> {
  const service = operatorServiceOf(client);
  if (service === undefined) return [];
  const { customAttributes } = await service.listSearchAttributes({ namespace: client.options.namespace });
  return [stateAttribute, verdictAttribute]
    .map(({ name }) => name)
    .filter((name) => !(name in (customAttributes ?? {})));
}

async function isScheduleMissing(client: Client, id: ScheduleId): Promise<boolean> {
  try {
    await client.schedule.getHandle(id).describe();
    return false;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return true;
    throw error;
  }
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

export function operatorServiceOf({ connection }: Client): OperatorService | undefined {
  return (connection as { operatorService?: OperatorService }).operatorService;
}
