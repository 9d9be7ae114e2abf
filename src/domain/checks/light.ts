import type { ImageFacts } from '../image-facts.ts';
import { defineCheck, type Scored } from './check.ts';
import { failBelow, scoreAndBound, scoreBound } from './scores.ts';

/** CleanVision's `light`: 1 minus the brightness that 5 % of the pixels do not exceed. */
export const light = defineCheck({
  name: 'checkLight',
  code: 'too_light',
  measures: ['brightness'],
  settings: { threshold: scoreBound(0.05) },
  score: scoreOf,
  judge: (facts, settings) => failBelow(scoreOf(facts, settings)),
  shows: ['score'],
  describe: ({ score }, { threshold }) =>
    `Image is too light: darkness of its darkest parts ${scoreAndBound(score, threshold)}.`,
});

function scoreOf({ measures }: ImageFacts, { threshold }: { readonly threshold: number }): Scored | null {
  return measures?.brightness === undefined ? null : { score: lightScore(measures.brightness), threshold };
}

export function lightScore({ p5 }: { readonly p5: number }): number {
  return 1 - p5;
}
