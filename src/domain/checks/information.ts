import type { ImageFacts } from '../image-facts.ts';
import { defineCheck, type Scored } from './check.ts';
import { failBelow, scoreAndBound, scoreBound } from './scores.ts';

/** CleanVision's `low_information`: a tenth of the histogram's entropy in bits, at most 1. */
export const information = defineCheck({
  name: 'checkInformation',
  code: 'low_information',
  measures: ['entropy'],
  settings: { threshold: scoreBound(0.3) },
  score: scoreOf,
  judge: (facts, settings) => failBelow(scoreOf(facts, settings)),
  shows: ['score'],
  describe: ({ score }, { threshold }) =>
    `Image has little information: entropy score ${scoreAndBound(score, threshold)}.`,
});

function scoreOf({ measures }: ImageFacts, { threshold }: { readonly threshold: number }): Scored | null {
  return measures?.entropy === undefined ? null : { score: informationScore(measures.entropy), threshold };
}

/** `entropy` in bits. */
export function informationScore(entropy: number): number {
  return Math.min(1, 0.1 * entropy);
}
