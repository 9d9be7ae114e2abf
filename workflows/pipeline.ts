import { isCancellation } from '@temporalio/workflow';
import type { Finding } from '../src/domain/findings.ts';
import type { ImageFacts } from '../src/domain/image-facts.ts';
import { describeFailure, type ExecutionMode, isLostWorker } from './durable.ts';
import type { Progress } from './progress.ts';
import type { Knowledge, Step, StepOutcome } from './steps.ts';

export interface PipelineResult {
  readonly findings: readonly Finding[];
  readonly image: ImageFacts | null;
}

/**
 * Runs each step once what it needs is known. Independent ones run side by side, and what is wrong with the webhook URLs
 * never hides what is wrong with the image, nor the other way round.
 *
 * @throws the first trouble (not findings) once every branch has ended.
 */
export async function runPipeline(
  steps: readonly Step[],
  mode: ExecutionMode,
  progress: Progress,
  onTrouble: () => Promise<void>,
): Promise<PipelineResult> {
  const findings: Finding[] = [];
  let image: ImageFacts | null = null;

  /** Runs a step, then those that wait for what it has learnt. */
  async function run(step: Step): Promise<void> {
    const { knows, facts } = await carryOut(step);
    if (facts !== undefined) image = facts;
    if (step.tells === undefined) return;
    if (knows) await allEnded(steps.filter(({ needs }) => needs === step.tells).map(run));
    else skipAllThatNeed(step.tells);
  }

  async function carryOut(step: Step): Promise<StepOutcome> {
    const { names, summary } = step;
    for (const name of names) progress.start(name, new Date().toISOString());
    try {
      const outcome = await step.run(
        {
          mode,
          summary,
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
      // Three workers in a row fell silent over it: a finding, not another try.
      if (step.tells !== 'facts' || mode !== 'careful' || !isLostWorker(error)) throw error;
      findings.push({ code: 'decoder_crashed', key: 'asset', measured: { reason: 'the decoder crashed' } });
      return { results: [], knows: false };
    }
  }

  function skipAllThatNeed(knowledge: Knowledge): void {
    for (const { names, needs, tells } of steps) {
      if (needs !== knowledge) continue;
      for (const name of names) progress.skip(name);
      if (tells !== undefined) skipAllThatNeed(tells);
    }
  }

  await allEnded(steps.filter(({ needs }) => needs === null).map(run));
  return { findings, image };
}

/** Waits for all, then throws the first failure: cancellation before trouble. */
async function allEnded(branches: Promise<unknown>[]): Promise<void> {
  const failures = (await Promise.allSettled(branches)).flatMap((end) =>
    end.status === 'rejected' ? [end.reason as unknown] : [],
  );
  const failure = failures.find(isCancellation) ?? failures[0];
  if (failure !== undefined) throw failure;
}
