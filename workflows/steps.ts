import type { TimedStepResult } from '../activities/step.ts';
import type { ImageFacts } from '../src/domain/image-facts.ts';
import type { PipelineStep } from '../src/domain/pipeline.ts';
import { orderSteps, type StepName } from '../src/domain/steps.ts';
import type { ValidateAssetInput } from './contract.ts';
import { type DurableOptions, durably } from './durable.ts';

/** Knowledge that steps give to the steps that need it: a readable file, the facts of an image. */
export type Knowledge = 'file' | 'facts';

/** The end of a step: a result for each of its names, and the knowledge that it gives. */
export interface StepOutcome {
  readonly results: readonly TimedStepResult[];
  readonly knows: boolean;
  readonly facts?: ImageFacts;
}

/** A step of the pipeline. It is one activity, and details show it as one or more steps. */
export interface Step extends PipelineStep<Knowledge> {
  readonly names: readonly StepName[];
  readonly summary: string;
  /** It decodes the image, so it may take long, and the image may crash its worker. */
  readonly runsDecoder?: true;
  /** It fetches the asset from elsewhere, so it may take long. */
  readonly isSlow?: boolean;
  run(options: DurableOptions, facts: ImageFacts | null): Promise<StepOutcome>;
}

const only = (result: TimedStepResult, knows = false): StepOutcome => ({ results: [result], knows });

/**
 * Only the steps that an asset needs:
 *
 *     checkWebhookUrls
 *     checkAssetReachable ─file─▶ checkIsImage ─facts─▶ checkIsJpeg, checkDimensions | judgeImage
 *
 * The default policy has an activity for each of its checks. The activity `judgeImage` judges all checks of another
 * policy at once, and the checksum of a submission. `tenant` takes turns with other tenants at the decoders, and has
 * its share of the worker.
 */
export function stepsFor(input: ValidateAssetInput, tenant?: string): Step[] {
  const { assetId, assetPath, webhookKeys, policy, sha256 } = input;
  const isLocal = assetPath.location === 'local';
  const place = { assetPath, ...(!isLocal && { assetId }), ...(tenant !== undefined && { tenant }) };
  const steps: Step[] = [
    {
      names: ['checkWebhookUrls'],
      summary: 'Are the webhook URLs valid?',
      needs: null,
      run: async (options) => only(await durably('checkWebhookUrls', { assetId, webhookKeys }, options)),
    },
    {
      names: ['checkAssetReachable'],
      summary: 'Is the file there and readable?',
      needs: null,
      tells: 'file',
      isSlow: !isLocal,
      async run(options) {
        const result = await durably('checkAssetReachable', place, options);
        return only(result, result.findings.length === 0);
      },
    },
    {
      names: ['checkIsImage'],
      summary: 'Is it an image, and does every pixel decode?',
      needs: 'file',
      tells: 'facts',
      runsDecoder: true,
      async run(options) {
        const measures = policy?.measures ?? [];
        const input = { ...place, ...(measures.length > 0 && { measures }) };
        const result = await durably('checkIsImage', input, options);
        if (result.facts === undefined) return only(result);
        return { ...only(result, true), facts: result.facts };
      },
    },
  ];
  if (policy === undefined) {
    steps.push(
      {
        names: ['checkIsJpeg'],
        summary: 'Is it a JPEG?',
        needs: 'facts',
        run: async (options, facts) =>
          only(await durably('checkIsJpeg', { facts: facts as ImageFacts }, options)),
      },
      {
        names: ['checkDimensions'],
        summary: 'Is it at most 1000 px wide and high?',
        needs: 'facts',
        run: async (options, facts) =>
          only(await durably('checkDimensions', { facts: facts as ImageFacts }, options)),
      },
    );
  }
  const named = new Set(steps.flatMap(({ names }) => names));
  const judged = stepNames(input).filter((name) => !named.has(name));
  if (judged.length > 0) {
    steps.push({
      names: judged,
      summary:
        policy === undefined
          ? 'Does it have the given checksum?'
          : `Does it pass ${policy.name}@${policy.version}?`,
      needs: 'facts',
      async run(options, facts) {
        const { results, earlier } = await durably(
          'judgeImage',
          {
            assetId,
            ...(tenant !== undefined && { tenant }),
            ...(policy?.comparesWithEarlier === true && { assetPath }),
            facts: facts as ImageFacts,
            rules: policy?.rules ?? {},
            steps: judged,
            comparesWithEarlier: policy?.comparesWithEarlier ?? false,
            ...(sha256 !== undefined && { sha256 }),
          },
          options,
        );
        if (earlier === undefined) return { results, knows: false };
        return { results, knows: false, facts: { ...(facts as ImageFacts), earlier } };
      },
    });
  }
  return steps;
}

/** Names of the steps as details show them, in reporting order. */
export function stepNames({ policy, sha256 }: ValidateAssetInput): StepName[] {
  return orderSteps(policy?.steps, sha256 !== undefined);
}
