import { z } from 'zod';
import type { Check } from './checks/check.ts';
import { CHECKS } from './checks/index.ts';
import type { ImageFacts } from './image-facts.ts';

/**
 * Chooses thresholds by examples: pictures that have to pass, and pictures that must not. Each of these rules has a score that
 * depends on one picture alone, and refuses a picture whose score is below its threshold.
 */
export const TUNED_RULES = ['aspectRatio', 'dark', 'light', 'information', 'blur'] as const;
export type TunedRule = (typeof TUNED_RULES)[number];

/** A picture by name, with its score under each rule. Null: the file does not show it. */
export interface Example {
  readonly name: string;
  readonly scores: Readonly<Record<TunedRule, number | null>>;
}

export interface Examples {
  readonly good: readonly Example[];
  readonly bad: readonly Example[];
}

/** How many examples a threshold refuses. */
export interface Errors {
  readonly threshold: number;
  readonly goodRefused: number;
  readonly badRefused: number;
}

export interface TunedThreshold {
  readonly rule: TunedRule;
  readonly byDefault: Errors;
  /** Refuses no good example, and as many bad ones as that allows. Null if it would refuse none. */
  readonly tuned: Errors | null;
}

export interface Tuning {
  readonly thresholds: readonly TunedThreshold[];
  /** The rules that together refuse all bad examples that any of them can refuse, most useful first. */
  readonly chosen: readonly { readonly rule: TunedRule; readonly threshold: number }[];
  /** Bad examples that no chosen rule refuses. */
  readonly missed: readonly Example[];
}

/** Above every score, so each check then tells its score. */
const ABOVE_EVERY_SCORE = Infinity;

export function scoresOf(facts: ImageFacts): Example['scores'] {
  return Object.fromEntries(TUNED_RULES.map((rule) => [rule, scoreOf(rule, facts)])) as Example['scores'];
}

function scoreOf(rule: TunedRule, facts: ImageFacts): number | null {
  // The compiler cannot see that the settings belong to the check of the same name.
  const check = CHECKS[rule] as Check;
  const found = check.judge(facts, { ...defaultsOf(rule), threshold: ABOVE_EVERY_SCORE });
  return found === null || typeof found === 'string' ? null : Number(found['score']);
}

function defaultsOf(rule: TunedRule): { readonly threshold: number } {
  return z.object(CHECKS[rule].settings).parse({});
}

export function tune(examples: Examples): Tuning {
  const thresholds = TUNED_RULES.map((rule) => tuneRule(rule, examples));
  const chosen: { rule: TunedRule; threshold: number }[] = [];
  let missed = examples.bad;
  for (;;) {
    const [best] = thresholds
      .flatMap(({ rule, tuned }) => (tuned === null ? [] : [{ rule, threshold: tuned.threshold }]))
      .map((choice) => ({ choice, left: missed.filter((example) => !isRefused(example, choice)) }))
      .toSorted((one, other) => one.left.length - other.left.length);
    if (best === undefined || best.left.length === missed.length) break;
    chosen.push(best.choice);
    missed = best.left;
  }
  return { thresholds, chosen, missed };
}

function tuneRule(rule: TunedRule, examples: Examples): TunedThreshold {
  const errorsAt = (threshold: number): Errors => ({
    threshold,
    goodRefused: countRefused(examples.good, { rule, threshold }),
    badRefused: countRefused(examples.bad, { rule, threshold }),
  });
  // No threshold is above 1.
  const leastGood = Math.min(1, ...examples.good.flatMap(({ scores }) => scores[rule] ?? []));
  const refusable = examples.bad
    .flatMap(({ scores }) => scores[rule] ?? [])
    .filter((score) => score < leastGood);
  // In the middle, so that pictures a little worse than the good examples pass, too.
  const threshold = shortNumberBetween(Math.max(...refusable), leastGood);
  return {
    rule,
    byDefault: errorsAt(defaultsOf(rule).threshold),
    tuned: refusable.length === 0 ? null : errorsAt(threshold),
  };
}

function countRefused(examples: readonly Example[], choice: { rule: TunedRule; threshold: number }): number {
  return examples.filter((example) => isRefused(example, choice)).length;
}

function isRefused(
  { scores }: Example,
  { rule, threshold }: { rule: TunedRule; threshold: number },
): boolean {
  const score = scores[rule];
  return score !== null && score < threshold;
}

/** Doubles have no more decimal places between 0 and 1. */
const MOST_PLACES = 17;

/** The number with the fewest decimal places near the middle of both that is above `low` and at most `high`. */
function shortNumberBetween(low: number, high: number): number {
  const middle = (low + high) / 2;
  for (let places = 1; places <= MOST_PLACES; places += 1) {
    const short = Number(middle.toFixed(places));
    if (short > low && short <= high) return short;
  }
  return high;
}
