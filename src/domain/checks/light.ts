import { defineCheck } from './check.ts';
import { failBelow, scoreAndBound, scoreBound } from './scores.ts';

/** CleanVision's `light`: 1 minus the brightness that 5 % of the pixels do not exceed. */
export const light = defineCheck({
  name: 'checkLight',
  code: 'too_light',
  measures: ['brightness'],
  settings: { threshold: scoreBound(0.05) },
  judge({ measures }, { threshold }) {
    if (measures?.brightness === undefined) return 'unknown';
    const score = lightScore(measures.brightness);
    return failBelow(threshold, score);
  },
  shows: ['score'],
  describe: ({ score }, { threshold }) =>
    `Image is too light: darkness of its darkest parts ${scoreAndBound(score, threshold)}.`,
});

export function lightScore({ p5 }: { readonly p5: number }): number {
  return 1 - p5;
}
