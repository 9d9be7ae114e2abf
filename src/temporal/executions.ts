import { type Client, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import { type AssetStatus, assetWorkflowId, statusQuery } from '../../workflows/contract.ts';
import { AppError } from '../domain/errors.ts';
import type { Executions } from '../domain/ports/executions.ts';
import { CALL_DEADLINE_MS } from './client.ts';
import { concernsAll } from './trouble.ts';

/** A query waits for the workflow's running task. After this long, the row answers instead. */
const QUERY_DEADLINE_MS = 1_000;

export function createExecutions(client: Client): Executions {
  return {
    async isCurrentResetRun(workflowId, runId) {
      const current = await describeCurrent(client, workflowId);
      // A reset run keeps the first run id of its chain. Every other run of ours is the first of its chain.
      return current !== null && current.runId === runId && current.firstRunId !== runId;
    },

    async queryStatus(assetId, heldBy) {
      try {
        const status = await client.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
          client.workflow.getHandle(heldBy ?? assetWorkflowId(assetId)).query<AssetStatus>(statusQuery),
        );
        return isStatusOf(assetId, status) ? status : null;
      } catch {
        // No worker, a busy worker, no workflow or no server: the caller answers from the row in each case.
        return null;
      }
    },
  };
}

/** A workflow of another type may answer, if somebody has started it under our id. */
function isStatusOf(assetId: string, status: unknown): boolean {
  const { id, state, attempt, steps } = (status ?? {}) as Partial<Record<keyof AssetStatus, unknown>>;
  return id === assetId && typeof state === 'string' && typeof attempt === 'number' && Array.isArray(steps);
}

export interface CurrentRun {
  readonly type: string;
  readonly runId: string;
  readonly firstRunId: string;
  readonly status: string;
  readonly attempt: number | null;
  /** Null while it is running. */
  readonly closedAt: Date | null;
}

/** The current run of a workflow id; null if Temporal knows none. */
export async function describeCurrent(client: Client, workflowId: string): Promise<CurrentRun | null> {
  try {
    const description = await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    const attempt = description.memo?.['attempt'];
    return {
      type: description.type,
      runId: description.runId,
      firstRunId: description.raw.workflowExecutionInfo?.firstRunId ?? '',
      status: description.status.name,
      attempt: typeof attempt === 'number' ? attempt : null,
      closedAt: description.closeTime ?? null,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    if (isGrpcServiceError(error) && concernsAll(error))
      throw new AppError('temporal_unavailable', {
        cause: new Error(`gRPC ${error.code}`, { cause: error }),
      });
    throw error;
  }
}

/** The current run of one of our workflow ids. `foreign`: somebody else has started a workflow of another type under it. */
export async function describeOwn(
  client: Client,
  workflowId: string,
  type: string,
): Promise<CurrentRun | 'foreign' | null> {
  try {
    const run = await describeCurrent(client, workflowId);
    return run === null || run.type === type ? run : 'foreign';
  } catch (error) {
    // We write every memo as JSON. This one is in a form that we cannot read.
    if (error instanceof ValueError || error instanceof SyntaxError) return 'foreign';
    throw error;
  }
}

/** Ids of the workflows that match. The client's own list would read their memos, and fail if a foreign one is in another form. */
export async function* listIds(client: Client, query: string): AsyncGenerator<string> {
  const { namespace } = client.options;
  let nextPageToken: Uint8Array | null = null;
  do {
    const request = { namespace, query, nextPageToken };
    const page: { executions?: WorkflowInfo[] | null; nextPageToken?: Uint8Array | null } =
      await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
        client.workflowService.listWorkflowExecutions(request),
      );
    for (const { execution } of page.executions ?? []) yield execution?.workflowId ?? '';
    nextPageToken = page.nextPageToken ?? null;
  } while (nextPageToken !== null && nextPageToken.length > 0);
}

interface WorkflowInfo {
  readonly execution?: { readonly workflowId?: string | null } | null;
}

/** The error that names a foreign workflow in the log. Somebody has to end it, because it is not ours to end. */
export function foreignWorkflow(workflowId: string): Error {
  return new Error(`A workflow of another type has the id ${workflowId}, so ours needs another id`);
}
