import { defineCheck } from './check.ts';
import { failBelow, scoreAndBound, scoreBound } from './scores.ts';

/** CleanVision's `dark`: the brightness that 99 % of the pixels do not exceed, 0 (black) to 1. */
export const dark = defineCheck({
  name: 'checkDark',
  code: 'too_dark',
  measures: ['brightness'],
  settings: { threshold: scoreBound(0.32) },
  judge({ measures }, { threshold }) {
    if (measures?.brightness === undefined) return 'unknown';
    const score = darkScore(measures.brightness);
    return failBelow(threshold, score);
  },
  shows: ['score'],
  describe: ({ score }, { threshold }) =>
    `Image is too dark: brightness of its brightest parts ${scoreAndBound(score, threshold)}.`,
});

export function darkScore({ p99 }: { readonly p99: number }): number {
  return p99;
}
