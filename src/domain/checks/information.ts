import { defineCheck } from './check.ts';
import { failBelow, scoreAndBound, scoreBound } from './scores.ts';

/** CleanVision's `low_information`: a tenth of the histogram's entropy in bits, at most 1. */
export const information = defineCheck({
  name: 'checkInformation',
  code: 'low_information',
  measures: ['entropy'],
  settings: { threshold: scoreBound(0.3) },
  judge({ measures }, { threshold }) {
    if (measures?.entropy === undefined) return 'unknown';
    const score = informationScore(measures.entropy);
    return failBelow(threshold, score);
  },
  shows: ['score'],
  describe: ({ score }, { threshold }) =>
    `Image has little information: entropy score ${scoreAndBound(score, threshold)}.`,
});

/** `entropy` in bits. */
export function informationScore(entropy: number): number {
  return Math.min(1, 0.1 * entropy);
}
