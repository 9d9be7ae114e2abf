import type { ImageFacts } from '../image-facts.ts';
import { defineCheck, type Scored } from './check.ts';
import { failBelow, scoreAndBound, scoreBound } from './scores.ts';

/** CleanVision's `dark`: the brightness that 99 % of the pixels do not exceed, 0 (black) to 1. */
export const dark = defineCheck({
  name: 'checkDark',
  code: 'too_dark',
  measures: ['brightness'],
  settings: { threshold: scoreBound(0.32) },
  score: scoreOf,
  judge: (facts, settings) => failBelow(scoreOf(facts, settings)),
  shows: ['score'],
  describe: ({ score }, { threshold }) =>
    `Image is too dark: brightness of its brightest parts ${scoreAndBound(score, threshold)}.`,
});

function scoreOf({ measures }: ImageFacts, { threshold }: { readonly threshold: number }): Scored | null {
  return measures?.brightness === undefined ? null : { score: darkScore(measures.brightness), threshold };
}

export function darkScore({ p99 }: { readonly p99: number }): number {
  return p99;
}
