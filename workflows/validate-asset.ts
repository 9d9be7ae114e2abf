import {
  CancellationScope,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { AssetState } from '../src/domain/asset.ts';
import { failsAsset } from '../src/domain/image-notes.ts';
import type { Verdict } from '../src/domain/verdict.ts';
import {
  type AssetStatus,
  cancelSignal,
  stateAttribute,
  statusQuery,
  type ValidateAssetInput,
  type ValidateAssetResult,
  verdictAttribute,
} from './contract.ts';
import { deliver } from './deliver.ts';
import { durably, type ExecutionMode, isActivityFailure } from './durable.ts';
import { runPipeline } from './pipeline.ts';
import { requireKnowledge } from './needs.ts';
import { createProgress, describeSteps } from './progress.ts';
import { stepNames, stepsFor } from './steps.ts';

/** From this claim of a run on, every step is a regular activity, because the worker has died twice during the run. */
const CAREFUL_FROM_CLAIM = 3;

/**
 * One run validates one attempt of an asset.
 *
 *     claim the row ─▶ steps ─▶ write the verdict ─▶ terminal event
 *           └─▶ onStart ─────────────────────────────┘ (waits for onStart's first try)
 *
 * The claim and the verdict are written even if the workflow is cancelled. A run that does not
 * own the row ends at once and sends nothing.
 */
export async function validateAsset(input: ValidateAssetInput): Promise<ValidateAssetResult> {
  requireKnowledge();
  const { assetId, attempt, stepExecution } = input;
  const root = CancellationScope.current();
  const steps = new CancellationScope();
  const progress = createProgress(stepNames(input), (records) =>
    setCurrentDetails(`**${state}**\n\n${describeSteps(records)}`),
  );
  let state: AssetState = 'queued';
  setHandler(statusQuery, (): AssetStatus => ({ id: assetId, state, attempt, steps: progress.steps() }));
  setHandler(cancelSignal, () => steps.cancel());

  const claim = await CancellationScope.nonCancellable(() =>
    durably('claimAsset', { assetId, attempt }, { mode: stepExecution, summary: 'Claim the asset' }),
  );
  if (claim.outcome === 'superseded') return { outcome: 'superseded' };
  state = 'in_progress';
  const pipeline = stepsFor(input, claim.tenant);
  const mode: ExecutionMode = claim.claims >= CAREFUL_FROM_CLAIM ? 'careful' : stepExecution;
  const startEvent = claim.send === null ? Promise.resolve(false) : deliver(claim.send, mode);

  let cancellation: unknown;
  let verdict: Verdict;
  try {
    const { findings, image } = await steps.run(() => runPipeline(pipeline, mode, progress, showTrouble));
    verdict = {
      state: findings.some(failsAsset) ? 'failed' : 'complete',
      findings,
      image,
      steps: progress.steps(),
    };
  } catch (error) {
    progress.close();
    if (isCancellation(error)) {
      cancellation = error;
      verdict = { state: 'canceled', findings: [], image: null, steps: progress.steps() };
    } else if (isActivityFailure(error)) {
      const findings = [{ code: 'internal_error', key: 'internal' }] as const;
      verdict = { state: 'failed', findings, image: null, steps: progress.steps() };
    } else throw error;
  }

  return CancellationScope.nonCancellable(async () => {
    const finish = await durably(
      'finishAsset',
      { assetId, verdict },
      { mode: stepExecution, summary: `Write the verdict: ${verdict.state}` },
    );
    if (finish.outcome === 'superseded') {
      await startEvent;
      return { outcome: 'superseded' };
    }
    state = finish.state;
    progress.show();
    upsertSearchAttributes([
      { key: stateAttribute, value: state },
      { key: verdictAttribute, value: verdict.findings.find(failsAsset)?.code ?? state },
    ]);
    const startHandedOver = await startEvent;
    const endHandedOver = finish.send !== null && (await deliver(finish.send, mode));
    if (startHandedOver || endHandedOver || stepExecution === 'regular') {
      // The verdict was written in an earlier workflow task than this one. A run that is reset to this task only
      // replays that write. So the write is made again as the very last thing, which makes the reset run the owner.
      await durably(
        'finishAsset',
        { assetId, verdict, sender: 'delivery_workflow' },
        { mode: 'local', summary: 'Make sure that the verdict is ours' },
      );
    }
    // If the CLI or the Web UI cancelled the workflow, Temporal has to show it as cancelled.
    // After the signal `cancel`, it ends as usual.
    if (cancellation !== undefined && root.consideredCancelled) throw cancellation;
    return { outcome: 'finished', ...verdict, state };
  });

  async function showTrouble(): Promise<void> {
    await durably(
      'recordSteps',
      { assetId, steps: progress.steps() },
      { mode: 'local', summary: 'Show the trouble' },
    );
  }
}
