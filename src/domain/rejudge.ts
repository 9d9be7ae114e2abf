import type { AssetState } from './asset.ts';
import { type CheckName, CHECKS, RULE_NAMES } from './checks/index.ts';
import { isCheckCode, type ReportedFinding } from './findings.ts';
import type { ImageFacts } from './image-facts.ts';
import { failsAsset } from './image-notes.ts';
import { type Judgement, judge } from './judge.ts';
import type { PolicyRules } from './policy.ts';
import type { StepRecord } from './steps.ts';

/** A validation as it is stored. */
export interface StoredVerdict {
  readonly id: string;
  readonly state: AssetState;
  /** `name@version` of the policy that judged it. */
  readonly policy: string;
  readonly findings: readonly ReportedFinding[];
  readonly steps: readonly StepRecord[];
  readonly image: ImageFacts | null;
}

export const REJUDGED_STATES = ['complete', 'failed', 'unknown'] as const;

/** The verdict under another policy. `unknown`: the stored facts are not enough to say. */
export interface Rejudgement {
  readonly state: (typeof REJUDGED_STATES)[number];
  readonly findings: readonly ReportedFinding[];
  /** Steps that never ran and that the stored facts are not enough for. */
  readonly lacking: readonly CheckName[];
}

/**
 * Judges the stored facts of a validation by the rules of another policy. Findings that no policy decides stay: about
 * URLs, the path, the content, the checksum. The result is `unknown` if the validation itself has no verdict.
 */
export function rejudge(stored: StoredVerdict, rules: PolicyRules): Rejudgement {
  const { state, image } = stored;
  const cameToVerdict = state === 'complete' || state === 'failed';
  if (!cameToVerdict || stored.findings.some(({ code }) => code === 'internal_error'))
    return { state: 'unknown', findings: stored.findings, lacking: [] };

  const kept = stored.findings.filter(({ code }) => !isCheckCode(code));
  // Without an image, the kept findings say why, and all checks would have been skipped.
  const judged = image === null ? NOT_JUDGED : judge(image, rules);
  const findings = [...kept, ...judged.findings];
  // If the validation ran a step, it looked for all that the step needs. If a fact is missing even so, the file does not have it.
  const made = new Set(stored.steps.map((step) => step.name));
  const lacking = RULE_NAMES.filter(
    (rule) => judged.unknown.includes(CHECKS[rule].name) && !made.has(CHECKS[rule].name),
  );
  const isOpen = lacking.some((rule) => rules[rule]?.severity === 'error');
  return {
    state: findings.some(failsAsset) ? 'failed' : isOpen ? 'unknown' : 'complete',
    findings,
    lacking: lacking.map((rule) => CHECKS[rule].name),
  };
}

const NOT_JUDGED: Judgement = { findings: [], unknown: [] };
