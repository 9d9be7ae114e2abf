import { CHECKS, type RuleName } from '../../../src/domain/checks/index.ts';
import { sizeOf, sizeScore } from '../../../src/domain/checks/size.ts';
import type { Earlier, ImageFacts } from '../../../src/domain/image-facts.ts';
import { MEASURES } from '../../../src/domain/measures.ts';
import { policyRules } from '../../../src/domain/policy.ts';
import type { InspectOptions } from '../../../src/domain/ports/images.ts';
import { CHECK_EXAMPLES } from './check-examples.ts';

type Inspect = (source: Buffer, options: InspectOptions) => Promise<ImageFacts | null>;

const differingBits = (a: string, b: string) =>
  (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll('0', '').length;

/** All facts about a picture of the example, compared with the example's earlier asset. */
export async function factsOf(name: RuleName, bytes: Buffer, inspect: Inspect): Promise<ImageFacts> {
  const { earlier: before } = CHECK_EXAMPLES[name];
  const facts = await inspect(bytes, { measures: MEASURES });
  if (facts === null) throw new Error('no image');
  const other = before?.picture && (await inspect(await before.picture(), { measures: MEASURES }));
  const { pixelHash = '', perceptualHash = '0' } = facts.measures ?? {};
  const earlier: Earlier = {
    exact: other?.measures?.pixelHash === pixelHash ? 'earlier' : null,
    near: other?.measures?.perceptualHash
      ? [{ assetId: 'earlier', distance: differingBits(other.measures.perceptualHash, perceptualHash) }]
      : [],
    sizes: before?.sizes ?? null,
  };
  return { ...facts, earlier };
}

/** The rule of the example, with its defaults filled in. */
function ruleOf(name: RuleName): Readonly<Record<string, unknown>> {
  return Object(policyRules.parse({ [name]: CHECK_EXAMPLES[name].rule })[name]);
}

/** The value that the check looks at, in a few words. */
export function describeValue(name: RuleName, facts: ImageFacts): string {
  const { value } = CHECK_EXAMPLES[name];
  if (value !== undefined) return value(facts);
  if (name === 'size') return `score ${roundScore(scoreOfSize(facts).score)}`;
  // No score is as high as this threshold, so the check fails and tells its score.
  const failing = CHECKS[name].judge(facts, { ...ruleOf(name), threshold: Infinity } as never);
  const score: unknown = Object(failing)['score'];
  if (typeof score !== 'number' || !Number.isFinite(score))
    throw new Error(
      `Give CHECK_EXAMPLES.${name} a value: its check has no setting threshold, or finds no score.`,
    );
  return `score ${roundScore(score)}`;
}

/** The part of docs/checks.md about a check: the picture, and the values below it. */
export async function describeExample(name: RuleName, inspect: Inspect): Promise<string> {
  const { alt, passing, failing } = CHECK_EXAMPLES[name];
  const facts = [
    await factsOf(name, await passing(), inspect),
    await factsOf(name, await failing(), inspect),
  ] as const;
  const { severity: _severity, ...settings } = ruleOf(name);
  const bounds = name === 'size' ? { ...settings, threshold: scoreOfSize(facts[0]).threshold } : settings;
  const parts = [
    `✓ ${describeValue(name, facts[0])}`,
    `✗ ${describeValue(name, facts[1])}`,
    ...Object.entries(bounds).map(([setting, value]) => `\`${setting}\` ${String(value)}`),
  ];
  return `![${alt}](images/checks/${name}.png)\n\n*${parts.join(' · ')}*`;
}

function scoreOfSize({ width, height, earlier }: ImageFacts) {
  const sizes = earlier?.sizes ?? { q1: 0, q3: 0 };
  return sizeScore(
    sizeOf({ width: width ?? 0, height: height ?? 0 }),
    sizes,
    Number(ruleOf('size')['iqrFactor']),
  );
}

/** Rounds a score to as many digits as tell it from its threshold. */
export function roundScore(score: number): number {
  return Math.round(score * 1_000) / 1_000;
}
