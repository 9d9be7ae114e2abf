import { CHECKS, RULE_NAMES, type RuleName } from './checks/index.ts';
import type { Check } from './checks/check.ts';
import type { CheckFinding } from './findings.ts';
import type { ImageFacts } from './image-facts.ts';
import type { PolicyRules } from './policy.ts';
import { fillIn } from './rule-message.ts';

export interface Judgement {
  readonly findings: readonly CheckFinding[];
  /** Steps that could not be judged, because the facts lack values that they need. */
  readonly unknown: readonly CheckFinding['step'][];
}

/** Judges facts by the rules of a policy. */
export function judge(facts: ImageFacts, rules: PolicyRules): Judgement {
  const findings: CheckFinding[] = [];
  const unknown: CheckFinding['step'][] = [];
  for (const name of RULE_NAMES) {
    const result = judgeBy(name, facts, rules);
    if (result === 'unknown') unknown.push(CHECKS[name].name);
    else if (result !== null) findings.push(result);
  }
  return { findings, unknown };
}

/** Judges facts by one rule. Null if nothing is wrong or the policy has no such rule. */
export function judgeBy(
  name: RuleName,
  facts: ImageFacts,
  rules: PolicyRules,
): CheckFinding | 'unknown' | null {
  const rule = rules[name];
  if (rule === undefined) return null;
  const { name: step, code } = CHECKS[name];
  // The compiler cannot see that a rule belongs to the check of the same name.
  const check = CHECKS[name] as Check;
  const measured = check.judge(facts, rule);
  if (measured === null || measured === 'unknown') return measured;
  const finding = { step, key: 'asset', severity: rule.severity } as const;
  if (measured === 'dimensions_unknown') {
    // A damaged picture fails anyway, and its damage is the reason.
    if (facts.integrity.state === 'damaged') return 'unknown';
    return { ...finding, code: measured, measured: {}, message: 'Image dimensions could not be found.' };
  }
  const message =
    rule.message === undefined ? check.describe(measured, rule) : fillIn(rule.message, check, rule, measured);
  return { ...finding, code, measured, message };
}
