import { z } from 'zod';
import type { Scored } from './check.ts';
import { tellApart } from './words.ts';

/** A setting that bounds a score from 0 to 1. */
export function scoreBound(byDefault: number) {
  return z.number().min(0).max(1).default(byDefault);
}

/** The result of a check with a score. The picture fails if the score is below `threshold`. */
export function failBelow(scored: Scored | null): { readonly score: number } | null | 'unknown' {
  if (scored === null) return 'unknown';
  return scored.score < scored.threshold ? { score: scored.score } : null;
}

/** "0.28, minimum 0.29". */
export function scoreAndBound(score: number, threshold: number): string {
  const { value, bound } = tellApart(score, threshold);
  return `${value}, minimum ${bound}`;
}
