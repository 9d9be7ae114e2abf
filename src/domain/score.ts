import { z } from 'zod';
import type { Check } from './checks/check.ts';
import { CHECKS, RULE_NAMES, type RuleName } from './checks/index.ts';
import type { ImageFacts } from './image-facts.ts';
import type { PolicyRules } from './policy.ts';

/** A score of an image, whether it fails or not. */
export interface Score {
  /** The rule that compares it. */
  readonly rule: RuleName;
  readonly score: number;
  /** The least score that passes. Null if the policy has no such rule. */
  readonly threshold: number | null;
  readonly passed: boolean | null;
}

/**
 * All scores that follow from the facts, in reporting order. A score without a rule in the policy is made with the default
 * settings, and only if its measure was taken.
 */
export function scoresOf(facts: ImageFacts | null, rules: PolicyRules): Score[] {
  if (facts === null) return [];
  const scores: Score[] = [];
  for (const rule of RULE_NAMES) {
    const check: Check = CHECKS[rule];
    const settings = rules[rule];
    if (settings === undefined && check.measures.length === 0) continue;
    const scored = check.score?.(facts, settings ?? z.object(check.settings).parse({})) ?? null;
    if (scored === null) continue;
    const { score, threshold } = scored;
    scores.push(
      settings === undefined
        ? { rule, score, threshold: null, passed: null }
        : { rule, score, threshold, passed: score >= threshold },
    );
  }
  return scores;
}
