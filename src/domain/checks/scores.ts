import { z } from 'zod';
import { tellApart } from './words.ts';

/** A setting that bounds a score from 0 to 1. */
export function scoreBound(byDefault: number) {
  return z.number().min(0).max(1).default(byDefault);
}

/** The result of a check with a score. The picture fails if the score is below `threshold`. */
export function failBelow(threshold: number, score: number): { readonly score: number } | null {
  return score < threshold ? { score } : null;
}

/** "0.28, minimum 0.29". */
export function scoreAndBound(score: number, threshold: number): string {
  const { value, bound } = tellApart(score, threshold);
  return `${value}, minimum ${bound}`;
}
