import { type Client, WorkflowFailedError } from '@temporalio/client';
import { validate as isUuid } from 'uuid';
import { assetIdOf, DELIVER_WEBHOOK, deliveryWorkflowId, VALIDATE_ASSET } from '../../workflows/contract.ts';
import type { OpenAsset, ReconcileReport, RepairStore } from '../domain/ports/repairs.ts';
import type { Verdict } from '../domain/verdict.ts';
import { CALL_DEADLINE_MS } from './client.ts';
import { type CurrentRun, describeCurrent, describeOwn, foreignWorkflow, listIds } from './executions.ts';
import { startStandIn } from './hand-over-deliveries.ts';
import { verdictIn } from './run-result.ts';
import { doEach } from './setbacks.ts';

/** The search for closed runs begins this long before the last mark, because Temporal's index lags behind. */
const OVERLAP_MS = 5 * 60 * 1000;

/** How many open rows a round compares with their workflow. It settles as many more for each lost workflow that held many. */
const ROWS_A_ROUND = 200;
const DELIVERIES_A_ROUND = 50;

/** Temporal's names for the ends that an operator brings about. */
const WAS_STOPPED = new Set(['TERMINATED', 'CANCELLED']);

/** How many foreign workflows are remembered, so that the log names each of them once. */
const MAX_NAMED = 1_000;

type Report = { -readonly [Count in keyof ReconcileReport]: number };

interface Round {
  /** By Temporal's clock. */
  readonly begin: Date;
  readonly nowOfTemporal: () => number;
}

export interface ReconcileDeps {
  readonly client: Client;
  readonly repairs: RepairStore;
  /** `id`: the asset or the workflow that the error is about. */
  readonly onError: (error: unknown, doing: string, id?: string) => void;
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
 *
 * A row that fails does not keep a pass from the others, and a pass that fails does not keep the round from the next pass. Each
 * pass begins with what was unchecked longest, so a row that fails is tried again after the others.
 */
export function createReconcile({
  client,
  repairs,
  onError,
}: ReconcileDeps): (begin: Date) => Promise<ReconcileReport> {
  const named = new Set<string>();

  async function closeBadlyEnded(report: Report, { begin }: Round): Promise<void> {
    // The mark lies ahead if Temporal's clock was set back, or if it was written by a version that used its own clock.
    const mark = Math.min((await repairs.readMark()).getTime(), begin.getTime());
    const since = new Date(mark - OVERLAP_MS);
    const query =
      `WorkflowType = '${VALIDATE_ASSET}' AND ExecutionStatus IN ('Terminated', 'Canceled', 'Failed', 'TimedOut') ` +
      `AND CloseTime > '${since.toISOString()}'`;
    const ids = new Set<string>();
    for await (const workflowId of listIds(client, query)) {
      const id = assetIdOf(workflowId);
      // Anyone may start a workflow of our type under any id. Only those of assets have a row.
      if (isUuid(id)) ids.add(id);
    }
    await settleAll(await repairs.findOpen([...ids]), report);
    await repairs.writeMark(begin);
  }

  /** Brings open rows in line with the current run of the workflow that holds each. */
  async function settleAll(assets: readonly OpenAsset[], report: Report): Promise<void> {
    await doEach(
      assets,
      async (asset) => {
        const run = isHeldByOwnWorkflow(asset)
          ? await describeOwn(client, asset.heldBy, VALIDATE_ASSET)
          : await describeCurrent(client, asset.heldBy);
        await settle(asset, run, report);
      },
      ({ id }, error) => onError(error, 'comparing an asset with its workflow', id),
    );
  }

  /** Asks once about a workflow that holds many rows. While it runs, none of its rows is read or written. */
  async function checkOtherHolders(report: Report): Promise<void> {
    await doEach(
      await repairs.listOtherHolders(),
      async (workflowId) => {
        const run = await describeCurrent(client, workflowId);
        if (run?.status === 'RUNNING') return;
        await doEach(
          await repairs.takeHeldBy(workflowId, ROWS_A_ROUND),
          (asset) => settle(asset, run, report),
          ({ id }, error) => onError(error, 'comparing an asset with its workflow', id),
        );
      },
      (workflowId, error) => onError(error, 'asking about a workflow', workflowId),
    );
  }

  /** Brings one open row in line with the current run of its holder. */
  async function settle(asset: OpenAsset, run: CurrentRun | 'foreign' | null, report: Report): Promise<void> {
    if (run !== 'foreign' && run?.status === 'RUNNING') return;
    const verdict = await verdictFor(asset, run);
    if (verdict === 'unknown') return;
    if (verdict === null) {
      await repairs.requeue(asset);
      report.requeued += 1;
    } else {
      await repairs.close(asset, verdict);
      report.closed += 1;
    }
  }

  /** Null: no workflow works on the row any more. `unknown`: the row may have been dispatched just now. */
  async function verdictFor(
    asset: OpenAsset,
    run: CurrentRun | 'foreign' | null,
  ): Promise<Verdict | 'unknown' | null> {
    if (run === null) return null;
    // The end of such a run says nothing about this attempt. A start comes before its mark, so a start whose mark is old has
    // been lost since, with Temporal's data.
    if (run === 'foreign' || isOfAnotherAttempt(asset, run)) return asset.isSettled ? null : 'unknown';
    return verdictOf(asset, run);
  }

  /** The verdict that the closed run gives the row; null if it ended without one. */
  async function verdictOf(asset: OpenAsset, { runId, status }: CurrentRun): Promise<Verdict | null> {
    if (WAS_STOPPED.has(status)) return endedAs('canceled');
    if (status !== 'COMPLETED') return endedAs('failed');
    if (!isHeldByOwnWorkflow(asset)) return null;
    const handle = client.workflow.getHandle(asset.heldBy, runId);
    try {
      return verdictIn(await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () => handle.result()));
    } catch (error) {
      if (error instanceof WorkflowFailedError) return endedAs('failed');
      throw error;
    }
  }

  /** Looks whether the workflows of pending deliveries are still there. */
  async function checkDeliveries(report: Report, { nowOfTemporal }: Round): Promise<void> {
    const deliveries = await repairs.takeDeliveriesLongestUnchecked(DELIVERIES_A_ROUND);
    const readAt = nowOfTemporal();
    await doEach(
      deliveries,
      async ({ id, handedOverAgoMs }) => {
        const workflowId = deliveryWorkflowId(id);
        const run = await describeOwn(client, workflowId, DELIVER_WEBHOOK);
        if (run === 'foreign') {
          nameOnce(workflowId);
          return startStandIn(client, id);
        }
        if (run?.status === 'RUNNING') return;
        // A run that ended before the delivery was handed over belongs to an earlier hand-over. This one was never started. Ages
        // are compared, because one time is Temporal's and the other is Postgres'.
        const closedAgoMs = readAt - Number(run?.closedAt);
        const isStopped = run !== null && WAS_STOPPED.has(run.status) && closedAgoMs <= handedOverAgoMs;
        if (isStopped) await repairs.stopDelivery(id);
        else await repairs.makeDeliveryDue(id);
        report.deliveries += 1;
      },
      ({ id }, error) => onError(error, 'comparing a delivery with its workflow', id),
    );
  }

  function nameOnce(workflowId: string): void {
    if (named.has(workflowId)) return;
    if (named.size >= MAX_NAMED) named.clear();
    named.add(workflowId);
    onError(foreignWorkflow(workflowId), 'comparing a delivery with its workflow', workflowId);
  }

  const passes: readonly ((report: Report, round: Round) => Promise<void>)[] = [
    () => repairs.forgetOldKeys(),
    closeBadlyEnded,
    async (report) => settleAll(await repairs.takeLongestUnchecked(ROWS_A_ROUND), report),
    checkOtherHolders,
    checkDeliveries,
  ];

  return async (begin) => {
    const began = performance.now();
    const round = { begin, nowOfTemporal: () => begin.getTime() + performance.now() - began };
    const report = { closed: 0, requeued: 0, deliveries: 0 };
    const failures: unknown[] = [];
    for (const pass of passes) await pass(report, round).catch((error: unknown) => failures.push(error));
    // The next round follows soon. Until then, Temporal shows that this one failed.
    if (failures.length > 0) throw failures[0];
    return report;
  };
}

function isHeldByOwnWorkflow({ id, heldBy }: OpenAsset): boolean {
  return assetIdOf(heldBy) === id;
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
