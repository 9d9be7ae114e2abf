import { z } from 'zod';

/** A setting that bounds a score, which is from 0 to 1. */
export function scoreBound(byDefault: number) {
  return z.number().min(0).max(1).default(byDefault);
}

/** What a check that has a score comes to. */
export function failBelow(threshold: number, score: number): { readonly score: number } | null {
  return score < threshold ? { score } : null;
}
