import { isCancellation } from '@temporalio/workflow';
import type { Finding } from '../src/domain/findings.ts';
import type { ImageFacts } from '../src/domain/image-facts.ts';
import { advance } from '../src/domain/pipeline.ts';
import { describeFailure, type ExecutionMode, isLostWorker } from './durable.ts';
import type { Progress } from './progress.ts';
import type { Knowledge, Step, StepOutcome } from './steps.ts';

export interface PipelineResult {
  readonly findings: readonly Finding[];
  readonly image: ImageFacts | null;
}

/**
 * Runs each step as soon as it can run. Independent steps run side by side. So faults of the webhook URLs never hide
 * faults of the image, nor the other way round.
 *
 * @throws the first trouble (not a finding), after every branch has ended
 */
export async function runPipeline(
  steps: readonly Step[],
  mode: ExecutionMode,
  progress: Progress,
  onTrouble: () => Promise<void>,
): Promise<PipelineResult> {
  const findings: Finding[] = [];
  const known = new Map<Knowledge, boolean>();
  let image: ImageFacts | null = null;
  let waiting = steps;

  /** Runs a step, then the steps that wait for its result. */
  async function run(step: Step): Promise<void> {
    const { knows, facts } = await carryOut(step);
    if (facts !== undefined) image = facts;
    if (step.tells === undefined) return;
    known.set(step.tells, knows);
    await goOn();
  }

  function goOn(): Promise<void> {
    const next = advance(waiting, known);
    waiting = next.waiting;
    for (const { names } of next.skipped) for (const name of names) progress.skip(name);
    return allEnded(next.ready.map(run));
  }

  async function carryOut(step: Step): Promise<StepOutcome> {
    const { names, summary, runsDecoder = false, isSlow = false } = step;
    for (const name of names) progress.start(name, new Date().toISOString());
    try {
      const outcome = await step.run(
        {
          mode,
          summary,
          runsDecoder,
          isSlow,
          async onTrouble(message) {
            for (const name of names) progress.trouble(name, message, 2);
            await onTrouble();
          },
        },
        image,
      );
      outcome.results.forEach((result, index) => {
        const name = names[index];
        if (name !== undefined) progress.finish(name, result);
        findings.push(...result.findings);
      });
      return outcome;
    } catch (error) {
      if (!isCancellation(error))
        for (const name of names) progress.fail(name, new Date().toISOString(), describeFailure(error));
      // Three workers in a row were lost with this image, so it gets a finding and is not tried again.
      if (!runsDecoder || mode !== 'careful' || !isLostWorker(error)) throw error;
      findings.push({ code: 'decoder_crashed', key: 'asset', measured: { reason: 'the decoder crashed' } });
      return { results: [], knows: false };
    }
  }

  await goOn();
  return { findings, image };
}

/** Waits for all branches, then throws the first failure. A cancellation comes before trouble. */
async function allEnded(branches: Promise<unknown>[]): Promise<void> {
  const failures = (await Promise.allSettled(branches)).flatMap((end) =>
    end.status === 'rejected' ? [end.reason as unknown] : [],
  );
  const failure = failures.find(isCancellation) ?? failures[0];
  if (failure !== undefined) throw failure;
}
