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

/** Temporal's index lags behind its histories: closed runs are looked for from this long before the last mark. */
const OVERLAP_MS = 5 * 60 * 1000;

/** Open rows held against their workflows in one round. */
const ROWS_A_ROUND = 200;
const DELIVERIES_A_ROUND = 50;

/** How Temporal calls runs that an operator has ended. */
const WAS_STOPPED = new Set(['TERMINATED', 'CANCELLED']);

export interface ReconcileDeps {
  readonly client: Client;
  readonly repairs: RepairStore;
  readonly now: () => Date;
}

/**
 * Repairs rows that no workflow code will: a terminated workflow runs none, a lost one can't. Three passes:
 * (a) runs that closed badly since the last mark, (b) open rows, longest unchecked first, (c) deliveries whose workflow
 * is gone. (What no workflow was given yet is the dispatcher's.)
 * It acts only for the current run of an id (a reset also terminates the old run) and only on rows unchanged since
 * they were read.
 */
export function createReconcile({ client, repairs, now }: ReconcileDeps): () => Promise<ReconcileReport> {
  async function closeBadlyEnded(): Promise<number> {
    const begin = now();
    const since = new Date((await repairs.readMark()).getTime() - OVERLAP_MS);
    const query =
      `WorkflowType = '${VALIDATE_ASSET}' AND ExecutionStatus IN ('Terminated', 'Canceled', 'Failed', 'TimedOut') ` +
      `AND CloseTime > '${since.toISOString()}'`;
    const ids = new Set<string>();
    for await (const { workflowId } of client.workflow.list({ query })) {
      const id = assetIdOf(workflowId);
      // Anyone may start a workflow of our type under any id: only an asset's is our business.
      if (isUuid(id)) ids.add(id);
    }
    let closed = 0;
    for (const asset of await repairs.findOpen([...ids])) closed += (await settle(asset)).closed;
    await repairs.writeMark(begin);
    return closed;
  }

  async function checkOpenRows(): Promise<{ closed: number; requeued: number }> {
    const report = { closed: 0, requeued: 0 };
    for (const asset of await repairs.takeLongestUnchecked(ROWS_A_ROUND)) {
      const { closed, requeued } = await settle(asset);
      report.closed += closed;
      report.requeued += requeued;
    }
    return report;
  }

  /** Brings one open row in line with the current run of its workflow. */
  async function settle(asset: OpenAsset): Promise<{ closed: number; requeued: number }> {
    const run = await describeCurrent(client, assetWorkflowId(asset.id));
    if (run === null) return requeue(asset);
    if (run.status === 'RUNNING' || isOfAnotherAttempt(asset, run)) return { closed: 0, requeued: 0 };
    const verdict = await verdictOf(asset, run);
    if (verdict === null) return requeue(asset);
    await repairs.close(asset, verdict);
    return { closed: 1, requeued: 0 };
  }

  async function requeue(asset: OpenAsset): Promise<{ closed: number; requeued: number }> {
    await repairs.requeue(asset);
    return { closed: 0, requeued: 1 };
  }

  /** What the closed run came to; null if it ended without looking after the row. */
  async function verdictOf(asset: OpenAsset, { runId, status }: CurrentRun): Promise<Verdict | null> {
    if (WAS_STOPPED.has(status)) return endedAs('canceled');
    if (status !== 'COMPLETED') return endedAs('failed');
    const handle = client.workflow.getHandle<(input: ValidateAssetInput) => Promise<ValidateAssetResult>>(
      assetWorkflowId(asset.id),
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

  /** Deliveries that a workflow was given and that are still pending: is it still there? */
  async function checkDeliveries(): Promise<number> {
    let repaired = 0;
    for (const { id, handedOverAt } of await repairs.takeDeliveriesLongestUnchecked(DELIVERIES_A_ROUND)) {
      const run = await describeCurrent(client, deliveryWorkflowId(id));
      if (run?.status === 'RUNNING') continue;
      repaired += 1;
      // A run that had ended before the delivery was handed over belongs to an earlier hand-over: this one was never started.
      const isStopped =
        run !== null && WAS_STOPPED.has(run.status) && Number(run.closedAt) >= Number(handedOverAt);
      if (isStopped) await repairs.stopDelivery(id);
      else await repairs.makeDeliveryDue(id);
    }
    return repaired;
  }

  return async () => {
    await repairs.forgetOldKeys();
    const closedBadly = await closeBadlyEnded();
    const { closed, requeued } = await checkOpenRows();
    return { closed: closedBadly + closed, requeued, deliveries: await checkDeliveries() };
  };
}

/**
 * A row that no run has claimed belongs to the attempt that its workflow was started for. One that was claimed has no
 * other hope than the current run: if that came from a reset and has closed without taking over, its end is the row's.
 */
function isOfAnotherAttempt({ runId, attempt }: OpenAsset, run: CurrentRun): boolean {
  return runId === null && run.attempt !== attempt;
}

function endedAs(state: 'canceled' | 'failed'): Verdict {
  const findings = state === 'failed' ? ([{ code: 'internal_error', key: 'internal' }] as const) : [];
  return { state, findings, steps: [], image: null };
}
