import type { AssetState } from './asset.ts';
import { type CheckName, CHECKS, RULE_NAMES } from './checks/index.ts';
import { isCheckCode, type ReportedFinding } from './findings.ts';
import type { ImageFacts } from './image-facts.ts';
import { failsAsset } from './image-notes.ts';
import { type Judgement, judge } from './judge.ts';
import type { PolicyRules } from './policy.ts';
import type { StepRecord } from './steps.ts';

/** What is kept of a validation. */
export interface StoredVerdict {
  readonly id: string;
  readonly state: AssetState;
  /** `name@version` that it was held against. */
  readonly policy: string;
  readonly findings: readonly ReportedFinding[];
  readonly steps: readonly StepRecord[];
  readonly image: ImageFacts | null;
}

export const REJUDGED_STATES = ['complete', 'failed', 'unknown'] as const;

/** What would have come out under another policy; `unknown`: what is stored does not tell. */
export interface Rejudgement {
  readonly state: (typeof REJUDGED_STATES)[number];
  readonly findings: readonly ReportedFinding[];
  /** Steps that were never made, and for which what is stored does not do. */
  readonly lacking: readonly CheckName[];
}

/**
 * Holds what a validation has learnt against the rules of another policy. What no policy rules on stays as it was found: URLs,
 * the path, the content, the checksum. A validation that did not come to a verdict of its own is not judged.
 */
export function rejudge(stored: StoredVerdict, rules: PolicyRules): Rejudgement {
  const { state, image } = stored;
  const cameToVerdict = state === 'complete' || state === 'failed';
  if (!cameToVerdict || stored.findings.some(({ code }) => code === 'internal_error'))
    return { state: 'unknown', findings: stored.findings, lacking: [] };

  const kept = stored.findings.filter(({ code }) => !isCheckCode(code));
  // Where there is no image, what was found says why, and the checks would have been skipped.
  const judged = image === null ? NOT_JUDGED : judge(image, rules);
  const findings = [...kept, ...judged.findings];
  // Of a step that the validation had, all that it needs was looked for: if the facts don't tell, the file does not.
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
