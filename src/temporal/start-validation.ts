import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import {
  assetWorkflowId,
  standInWorkflowId,
  stateAttribute,
  TASK_QUEUE,
  VALIDATE_ASSET,
  type ValidateAssetInput,
  type ValidateAssetMemo,
  type ValidateAssetResult,
} from '../../workflows/contract.ts';
import type { StepExecution } from '../domain/asset.ts';
import { KNOWN_BY_ALL } from '../domain/needs.ts';
import { isDefaultPolicy, planFor } from '../domain/policy.ts';
import type { AssetToDispatch } from '../domain/ports/dispatch.ts';
import { CALL_DEADLINE_MS } from './client.ts';
import { describeOwn } from './executions.ts';

/** Longer than any validation: each step may be retried for 24 h. It ends a workflow that can't make progress. */
const EXECUTION_TIMEOUT = '4 days';

type ValidateAsset = (input: ValidateAssetInput) => Promise<ValidateAssetResult>;

export interface StartOptions {
  readonly client: Client;
  readonly stepExecution: StepExecution;
  /** Whether Temporal may answer with the first task, because workers share this process and its connection. */
  readonly eager: boolean;
}

/** How a start ended. `taken`: a workflow of another attempt has the id. `foreign`: one of another type has it. */
type Start = 'started' | 'taken' | 'foreign';

/**
 * Starts the workflow that validates the asset, under `asset-<id>`. While somebody else's workflow runs there, it starts under
 * the id of the stand-in. Returns the id. Null while another workflow has each id.
 */
export async function startValidation(
  options: StartOptions,
  asset: AssetToDispatch,
  onForeign: (workflowId: string) => void,
): Promise<string | null> {
  const workflowId = assetWorkflowId(asset.id);
  for (const id of [workflowId, standInWorkflowId(workflowId)]) {
    const start = await startAs(id, options, asset);
    if (start === 'started') return id;
    if (start === 'taken') return null;
    onForeign(id);
  }
  return null;
}

async function startAs(
  workflowId: string,
  { client, stepExecution, eager }: StartOptions,
  { id, attempt, assetPath, shownPath, webhookKeys, policy, sha256, needs }: AssetToDispatch,
): Promise<Start> {
  const input: ValidateAssetInput = {
    assetId: id,
    attempt,
    assetPath,
    webhookKeys,
    stepExecution,
    ...(!isDefaultPolicy(policy) && { policy: planFor(policy) }),
    ...(sha256 !== null && { sha256 }),
  };
  const memo: ValidateAssetMemo = { attempt, ...(needs > KNOWN_BY_ALL && { needs }) };
  try {
    await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      client.workflow.start<ValidateAsset>(VALIDATE_ASSET, {
        workflowId,
        taskQueue: TASK_QUEUE,
        args: [input],
        memo: { ...memo },
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        workflowExecutionTimeout: EXECUTION_TIMEOUT,
        // Queries and cancellation wait for the running task, so it must be short.
        workflowTaskTimeout: '5 s',
        staticSummary: `${shownPath} (attempt ${attempt})`.slice(0, 200),
        typedSearchAttributes: [{ key: stateAttribute, value: 'in_progress' }],
        requestEagerStart: eager,
      }),
    );
    return 'started';
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // Either the answer to an earlier start was lost, or the run of an earlier attempt has not closed yet.
    const run = await describeOwn(client, workflowId, VALIDATE_ASSET);
    if (run === 'foreign') return 'foreign';
    return run?.attempt === attempt ? 'started' : 'taken';
  }
}
