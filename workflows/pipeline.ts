import { isCancellation } from '@temporalio/workflow';
import type { TimedStepResult } from '../activities/step.ts';
import type { StepName } from '../src/domain/asset.ts';
import type { Finding } from '../src/domain/findings.ts';
import type { ImageFacts } from '../src/domain/image-facts.ts';
import type { ValidateAssetInput } from './contract.ts';
import {
  type DurableOptions,
  describeFailure,
  durably,
  type ExecutionMode,
  isLostWorker,
} from './durable.ts';
import type { Progress } from './progress.ts';

export interface PipelineResult {
  readonly findings: readonly Finding[];
  readonly image: ImageFacts | null;
}

const SUMMARIES = {
  checkWebhookUrls: 'Are the webhook URLs valid?',
  checkAssetReachable: 'Is the file there and readable?',
  checkIsImage: 'Is it an image, and does every pixel decode?',
  checkIsJpeg: 'Is it a JPEG?',
  checkDimensions: 'Is it at most 1000 px wide and high?',
} as const satisfies Record<StepName, string>;

/**
 * The five steps. Independent ones run side by side, and what is wrong with the webhook URLs never hides what is
 * wrong with the image, nor the other way round.
 *
 *     checkWebhookUrls
 *     checkAssetReachable ─▶ checkIsImage ─▶ checkIsJpeg, checkDimensions
 *
 * @throws the first trouble (not findings) once every branch has ended.
 */
export async function runPipeline(
  { assetId, assetPath, webhookKeys }: ValidateAssetInput,
  mode: ExecutionMode,
  progress: Progress,
  onTrouble: () => Promise<void>,
): Promise<PipelineResult> {
  const findings: Finding[] = [];
  let image: ImageFacts | null = null;

  async function step(name: StepName, run: (options: DurableOptions) => Promise<TimedStepResult>) {
    progress.start(name, new Date().toISOString());
    try {
      const result = await run({
        mode,
        summary: SUMMARIES[name],
        async onTrouble(message) {
          progress.trouble(name, message, 2);
          await onTrouble();
        },
      });
      progress.finish(name, result);
      findings.push(...result.findings);
      return result;
    } catch (error) {
      if (!isCancellation(error)) progress.fail(name, new Date().toISOString(), describeFailure(error));
      throw error;
    }
  }

  async function judgeImage(): Promise<void> {
    const reachable = await step('checkAssetReachable', (options) =>
      durably('checkAssetReachable', { assetPath }, options),
    );
    if (reachable.findings.length > 0) return skip('checkIsImage', 'checkIsJpeg', 'checkDimensions');

    const facts = await readFacts();
    if (facts === undefined) return skip('checkIsJpeg', 'checkDimensions');
    image = facts;
    await allEnded([
      step('checkIsJpeg', (options) => durably('checkIsJpeg', { facts }, options)),
      step('checkDimensions', (options) => durably('checkDimensions', { facts }, options)),
    ]);
  }

  async function readFacts(): Promise<ImageFacts | undefined> {
    try {
      return (await step('checkIsImage', (options) => durably('checkIsImage', { assetPath }, options))).facts;
    } catch (error) {
      // Three workers in a row fell silent over it: a finding, not another try.
      if (mode !== 'careful' || !isLostWorker(error)) throw error;
      findings.push({ code: 'decoder_crashed', key: 'asset', measured: { reason: 'the decoder crashed' } });
      return undefined;
    }
  }

  function skip(...names: StepName[]): void {
    for (const name of names) progress.skip(name);
  }

  await allEnded([
    step('checkWebhookUrls', (options) => durably('checkWebhookUrls', { assetId, webhookKeys }, options)),
    judgeImage(),
  ]);
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
