import { type Client, WorkflowFailedError } from '@temporalio/client';
import { validate as isUuid } from 'uuid';
import {
  assetIdOf,
  assetWorkflowId,
  deliveryWorkflowId,
  VALIDATE_ASSET,
  type ValidateAssetInput,
  type ValidateAssetResult,
} from '../../workflows/contract.ts';
import type { OpenAsset, ReconcileReport, RepairStore } from '../domain/ports/repairs.ts';
import type { Verdict } from '../domain/verdict.ts';
import { CALL_DEADLINE_MS } from './client.ts';
import { type CurrentRun, describeCurrent } from './executions.ts';

/** The search for closed runs begins this long before the last mark, because Temporal's index lags behind. */
const OVERLAP_MS = 5 * 60 * 1000;

/** How many open rows a round compares with their workflow. It settles as many more for each lost workflow that held many. */
const ROWS_A_ROUND = 200;
const DELIVERIES_A_ROUND = 50;

/** Temporal's names for the ends that an operator brings about. */
const WAS_STOPPED = new Set(['TERMINATED', 'CANCELLED']);

type Repaired = Pick<ReconcileReport, 'closed' | 'requeued'>;

export interface ReconcileDeps {
  readonly client: Client;
  readonly repairs: RepairStore;
}

/**
 * Repairs rows that no workflow code will repair, because their workflow was terminated or lost. Four passes look at
 *
 * - runs that closed badly since the last mark,
 * - open rows that a workflow of their own holds, the longest unchecked first,
 * - workflows that hold many rows, each once,
 * - deliveries whose workflow is gone.
 *
 * The dispatcher looks after rows that no workflow holds yet. The reconciler acts only for the current run of an id, because a
 * reset also terminates the old run. It acts only on rows that have not changed since they were read.
 *
 * A round gets the time of its beginning by Temporal's clock, because the times of runs are Temporal's, too. Our clock and
 * Postgres' may differ from it.
 */
export function createReconcile({
  client,
  repairs,
}: ReconcileDeps): (begin: Date) => Promise<ReconcileReport> {
  async function closeBadlyEnded(begin: Date): Promise<number> {
    // The mark lies ahead if Temporal's clock was set back, or if it was written by a version that used its own clock.
    const mark = Math.min((await repairs.readMark()).getTime(), begin.getTime());
    const since = new Date(mark - OVERLAP_MS);
    const query =
      `WorkflowType = '${VALIDATE_ASSET}' AND ExecutionStatus IN ('Terminated', 'Canceled', 'Failed', 'TimedOut') ` +
      `AND CloseTime > '${since.toISOString()}'`;
    const ids = new Set<string>();
    for await (const { workflowId } of client.workflow.list({ query })) {
      const id = assetIdOf(workflowId);
      // Anyone may start a workflow of our type under any id. Only those of assets have a row.
      if (isUuid(id)) ids.add(id);
    }
    const { closed } = await settleAll(await repairs.findOpen([...ids]));
    await repairs.writeMark(begin);
    return closed;
  }

  /** Brings open rows in line with the current run of the workflow that holds each. */
  async function settleAll(assets: readonly OpenAsset[]): Promise<Repaired> {
    const report = { closed: 0, requeued: 0 };
    for (const asset of assets) {
      const run = await describeCurrent(client, asset.heldBy);
      const done = await settle(asset, run);
      if (done !== null) report[done] += 1;
    }
    return report;
  }

  /** Asks once about a workflow that holds many rows. While it runs, none of its rows is read or written. */
  async function checkOtherHolders(): Promise<Repaired> {
    const report = { closed: 0, requeued: 0 };
    for (const workflowId of await repairs.listOtherHolders()) {
      const run = await describeCurrent(client, workflowId);
      if (run?.status === 'RUNNING') continue;
      for (const asset of await repairs.findHeldBy(workflowId, ROWS_A_ROUND)) {
        const done = await settle(asset, run);
        if (done !== null) report[done] += 1;
      }
    }
    return report;
  }

  /** Brings one open row in line with the current run of its holder. */
  async function settle(asset: OpenAsset, run: CurrentRun | null): Promise<keyof Repaired | null> {
    if (run !== null && (run.status === 'RUNNING' || isOfAnotherAttempt(asset, run))) return null;
    const verdict = run === null ? null : await verdictOf(asset, run);
    if (verdict === null) {
      await repairs.requeue(asset);
      return 'requeued';
    }
    await repairs.close(asset, verdict);
    return 'closed';
  }

  /** The verdict that the closed run gives the row; null if it ended without one. */
  async function verdictOf(asset: OpenAsset, { runId, status }: CurrentRun): Promise<Verdict | null> {
    if (WAS_STOPPED.has(status)) return endedAs('canceled');
    if (status !== 'COMPLETED') return endedAs('failed');
    if (!isHeldByOwnWorkflow(asset)) return null;
    const handle = client.workflow.getHandle<(input: ValidateAssetInput) => Promise<ValidateAssetResult>>(
      asset.heldBy,
      runId,
    );
    try {
      const result = await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () => handle.result());
      return result.outcome === 'finished' ? result : null;
    } catch (error) {
      if (error instanceof WorkflowFailedError) return endedAs('failed');
      throw error;
    }
  }

  /** Looks whether the workflows of pending deliveries are still there. */
  async function checkDeliveries(nowOfTemporal: () => number): Promise<number> {
    let repaired = 0;
    const deliveries = await repairs.takeDeliveriesLongestUnchecked(DELIVERIES_A_ROUND);
    const readAt = nowOfTemporal();
    for (const { id, handedOverAgoMs } of deliveries) {
      const run = await describeCurrent(client, deliveryWorkflowId(id));
      if (run?.status === 'RUNNING') continue;
      repaired += 1;
      // A run that ended before the delivery was handed over belongs to an earlier hand-over. This one was never started. Ages
      // are compared, because one time is Temporal's and the other is Postgres'.
      const closedAgoMs = readAt - Number(run?.closedAt);
      const isStopped = run !== null && WAS_STOPPED.has(run.status) && closedAgoMs <= handedOverAgoMs;
      if (isStopped) await repairs.stopDelivery(id);
      else await repairs.makeDeliveryDue(id);
    }
    return repaired;
  }

  return async (begin) => {
    const began = performance.now();
    const nowOfTemporal = () => begin.getTime() + performance.now() - began;
    await repairs.forgetOldKeys();
    const closedBadly = await closeBadlyEnded(begin);
    const own = await settleAll(await repairs.takeLongestUnchecked(ROWS_A_ROUND));
    const others = await checkOtherHolders();
    return {
      closed: closedBadly + own.closed + others.closed,
      requeued: own.requeued + others.requeued,
      deliveries: await checkDeliveries(nowOfTemporal),
    };
  };
}

function isHeldByOwnWorkflow({ id, heldBy }: OpenAsset): boolean {
  return heldBy === assetWorkflowId(id);
}

/**
 * A row that no run has claimed belongs to the attempt that its workflow was started for. Only the current run can still
 * finish a claimed row. If that run came from a reset and closed without taking the row over, its end becomes the row's.
 */
function isOfAnotherAttempt(asset: OpenAsset, run: CurrentRun): boolean {
  return isHeldByOwnWorkflow(asset) && asset.runId === null && run.attempt !== asset.attempt;
}

function endedAs(state: 'canceled' | 'failed'): Verdict {
  const findings = state === 'failed' ? ([{ code: 'internal_error', key: 'internal' }] as const) : [];
  return { state, findings, steps: [], image: null };
}
