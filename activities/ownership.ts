import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import type { TerminalState } from '../src/domain/asset.ts';
import type { EventSender, EventToSend, OwnedWrite, RunRef } from '../src/domain/ports/validations.ts';
import type { StepRecord } from '../src/domain/steps.ts';
import type { Verdict } from '../src/domain/verdict.ts';
import type { ActivityDeps } from './deps.ts';

export type Superseded = { readonly outcome: 'superseded' };
export type ClaimResult = {
  readonly outcome: 'owned';
  readonly claims: number;
  /** Missing in runs that were claimed by earlier code. */
  readonly tenant?: string;
  readonly send: EventToSend | null;
};
export type FinishResult = {
  readonly outcome: 'owned';
  readonly state: TerminalState;
  readonly send: EventToSend | null;
};

/**
 * The writes of a validation. One run owns the row. The run id comes from the activity's own context, never from a
 * recorded result. So a reset run uses its own id, even if it replays results of the run before it.
 */
export function createOwnership({
  validations,
  executions,
  source,
  onFinished,
}: Pick<ActivityDeps, 'validations' | 'executions' | 'source' | 'onFinished'>) {
  /**
   * Writes as owner. A current run that came from a reset, but does not own the row, first takes the asset over as a
   * new attempt. Any other run that does not own the row drops its write.
   */
  async function asOwner<Result>(
    run: RunRef,
    workflowId: string,
    write: () => Promise<OwnedWrite<Result>>,
  ): Promise<({ readonly outcome: 'owned' } & Result) | Superseded> {
    const first = await write();
    if (first.outcome === 'owned') return first;
    if (!(await executions.isCurrentResetRun(workflowId, run.runId))) return { outcome: 'superseded' };
    await validations.takeOver(run, workflowId);
    const second = await write();
    return second.outcome === 'owned' ? second : { outcome: 'superseded' };
  }

  function whoIsAsking(assetId: string): { run: RunRef; workflowId: string } {
    const execution = activityInfo().workflowExecution;
    if (execution === undefined)
      throw ApplicationFailure.nonRetryable('Not called by a workflow', 'internal');
    return { run: { assetId, runId: execution.runId }, workflowId: execution.workflowId };
  }

  return {
    /** The first write of a run: `queued` → `in_progress`. */
    async claimAsset({
      assetId,
      attempt,
    }: {
      assetId: string;
      attempt: number;
    }): Promise<ClaimResult | Superseded> {
      const { run, workflowId } = whoIsAsking(assetId);
      return asOwner(run, workflowId, () => validations.claim(run, attempt, workflowId));
    },

    async recordSteps({ assetId, steps }: { assetId: string; steps: readonly StepRecord[] }): Promise<void> {
      const { run, workflowId } = whoIsAsking(assetId);
      await asOwner(run, workflowId, () => validations.recordSteps(run, steps));
    },

    /**
     * The terminal write. It returns the stored end, which may be an earlier end of the same attempt. `sender` says who
     * sends its event: the workflow that asks, or a delivery workflow at once.
     */
    async finishAsset({
      assetId,
      verdict,
      sender = 'writer',
    }: {
      assetId: string;
      verdict: Verdict;
      sender?: EventSender;
    }): Promise<FinishResult | Superseded> {
      const { run, workflowId } = whoIsAsking(assetId);
      const result = await asOwner(run, workflowId, () => validations.finish(run, verdict, sender));
      // A step that was cancelled leaves what it had fetched. If it cannot be deleted now, it is swept later.
      source.release(run.runId).catch(() => undefined);
      onFinished(assetId);
      return result;
    },
  };
}
