import { type Client, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { type AssetStatus, assetWorkflowId, statusQuery } from '../../workflows/contract.ts';
import { AppError } from '../domain/errors.ts';
import type { Executions } from '../domain/ports/executions.ts';
import { CALL_DEADLINE_MS } from './client.ts';

/** A query waits for the workflow's running task. After this long, the row answers instead. */
const QUERY_DEADLINE_MS = 1_000;

export function createExecutions(client: Client): Executions {
  return {
    async isCurrentResetRun(workflowId, runId) {
      const current = await describeCurrent(client, workflowId);
      // A reset run keeps the first run id of its chain. Every other run of ours is the first of its chain.
      return current !== null && current.runId === runId && current.firstRunId !== runId;
    },

    async queryStatus(assetId) {
      try {
        return await client.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
          client.workflow.getHandle(assetWorkflowId(assetId)).query<AssetStatus>(statusQuery),
        );
      } catch {
        // No worker, a busy worker, no workflow or no server: the caller answers from the row in each case.
        return null;
      }
    },
  };
}

export interface CurrentRun {
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
      runId: description.runId,
      firstRunId: description.raw.workflowExecutionInfo?.firstRunId ?? '',
      status: description.status.name,
      attempt: typeof attempt === 'number' ? attempt : null,
      closedAt: description.closeTime ?? null,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    if (isGrpcServiceError(error))
      throw new AppError('temporal_unavailable', { cause: new Error(`gRPC ${error.code}`) });
    throw error;
  }
}
