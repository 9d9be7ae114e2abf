import { sidesOf } from '../src/domain/checks/sides.ts';
import { sizeOf } from '../src/domain/checks/size.ts';
import { CHECKS, RULE_NAMES, type RuleName } from '../src/domain/checks/index.ts';
import type { Check } from '../src/domain/checks/check.ts';
import { AppError } from '../src/domain/errors.ts';
import type { Finding } from '../src/domain/findings.ts';
import type { Earlier, ImageFacts } from '../src/domain/image-facts.ts';
import { judgeBy } from '../src/domain/judge.ts';
import type { Fingerprints, KeptFingerprints } from '../src/domain/ports/fingerprints.ts';
import { DEFAULT_POLICY, type PolicyRules } from '../src/domain/policy.ts';
import type { AssetRef } from '../src/domain/sources/asset-path.ts';
import type { StepName } from '../src/domain/steps.ts';
import type { ActivityDeps } from './deps.ts';
import { passed, type StepResult, type TimedStepResult, timed, unknown } from './step.ts';

/** Judges facts by one rule of the default policy. */
export function judgeByContract(rule: RuleName, facts: ImageFacts): StepResult {
  const finding = judgeBy(rule, facts, DEFAULT_POLICY.rules);
  if (finding === null) return passed;
  // A JPEG that decodes has dimensions. Any other format gets the message about its format alone (contract).
  if (finding === 'unknown' || finding.code === 'dimensions_unknown') return unknown;
  // The sentence is made where the row is written.
  const { code, measured } = finding;
  return { findings: [{ code, key: 'asset', measured } as Finding] };
}

export interface JudgeImageInput {
  readonly assetId: string;
  /** Missing in runs of earlier code. */
  readonly tenant?: string;
  /** Missing in runs of earlier code, and if nothing is compared with earlier assets. */
  readonly assetPath?: AssetRef;
  readonly facts: ImageFacts;
  readonly rules: PolicyRules;
  /** Steps to judge. Each gives one result, in this order. */
  readonly steps: readonly StepName[];
  readonly comparesWithEarlier: boolean;
  /** The SHA-256 that the client gave for the file, hex. */
  readonly sha256?: string;
}

export interface JudgeImageResult {
  readonly results: readonly TimedStepResult[];
  readonly earlier?: Earlier;
}

const RULE_OF_STEP = new Map<StepName, RuleName>(RULE_NAMES.map((rule) => [CHECKS[rule].name, rule]));

/**
 * Judges all steps of a policy in one activity. A step takes microseconds. An activity of its own would add about a
 * millisecond of bookkeeping to each.
 */
export function createJudgeImage({
  fingerprints,
  spellPath,
}: Pick<ActivityDeps, 'fingerprints' | 'spellPath'>) {
  function judgeStep(step: StepName, facts: ImageFacts, { rules, sha256 }: JudgeImageInput): StepResult {
    if (step === 'checkChecksum') return compareChecksum(facts, sha256);
    const rule = RULE_OF_STEP.get(step);
    // A newer version of Validatr asked for this step. The step is tried again until a newer worker takes it.
    if (rule === undefined) throw new AppError('worker_outdated');
    const finding = judgeBy(rule, facts, rules);
    if (finding === null) return passed;
    return finding === 'unknown' ? unknown : { findings: [finding] };
  }

  return async (input: JudgeImageInput): Promise<JudgeImageResult> => {
    const earlier = input.comparesWithEarlier ? await compare(input) : undefined;
    const facts = { ...input.facts, ...(earlier !== undefined && { earlier }) };
    const results: TimedStepResult[] = [];
    for (const step of input.steps) results.push(await timed(() => judgeStep(step, facts, input))(undefined));
    return { results, ...(earlier !== undefined && { earlier }) };
  };

  function compare({ tenant = '', assetId, assetPath, facts, rules }: JudgeImageInput): Promise<Earlier> {
    const sides = sidesOf(facts, 'stored');
    const { pixelHash, perceptualHash } = facts.measures ?? {};
    const prints = {
      size: sides === null ? null : sizeOf(sides),
      sha256: facts.sha256,
      ...(assetPath?.location === 'local' && { place: spellPath(assetPath.path) }),
      ...(pixelHash !== undefined && { pixelHash }),
      ...(perceptualHash !== undefined && { perceptualHash }),
    };
    return fingerprints.compare(tenant, assetId, prints, keptBy(rules, prints));
  }
}

/** Later assets are compared only with assets of the same rule. So what no rule of the policy compares is not kept, though it may be measured. */
function keptBy(rules: PolicyRules, { size, pixelHash, perceptualHash }: Fingerprints): KeptFingerprints {
  const comparing = RULE_NAMES.filter((name) => rules[name] !== undefined).map((name): Check => CHECKS[name]);
  const compared = comparing.filter(({ comparesWithEarlier }) => comparesWithEarlier === true);
  const measures = new Set(compared.flatMap((check) => check.measures));
  return {
    size: rules.size === undefined ? null : size,
    ...(pixelHash !== undefined && measures.has('pixelHash') && { pixelHash }),
    ...(perceptualHash !== undefined && measures.has('perceptualHash') && { perceptualHash }),
  };
}

function compareChecksum({ sha256: found }: ImageFacts, expected: string | undefined): StepResult {
  if (expected === undefined || expected === found) return passed;
  // The file is too large to be hashed, and it fails for that reason.
  if (found === null) return unknown;
  return { findings: [{ code: 'checksum_mismatch', key: 'asset', measured: { expected, sha256: found } }] };
}
