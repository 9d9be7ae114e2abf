import type { ImageFacts, Measures } from '../image-facts.ts';
import { defineCheck, type Scored } from './check.ts';
import { failBelow, scoreAndBound, scoreBound } from './scores.ts';

/** A score is 1 − exp(−0.01 · measure): it approaches 1 as the measure grows. */
const NORMALIZING_FACTOR = 0.01;

/**
 * CleanVision's `blurry`: the strength of the edges and the unevenness of the
 * histogram, for the picture in grey at 64 px.
 */
export const blur = defineCheck({
  name: 'checkBlur',
  code: 'blurry',
  measures: ['blur'],
  settings: {
    threshold: scoreBound(0.29),
    colourThreshold: scoreBound(0.18),
  },
  score: scoreOf,
  judge: (facts, settings) => failBelow(scoreOf(facts, settings)),
  shows: ['score'],
  describe: ({ score }, { threshold }) => `Image is blurry: sharpness ${scoreAndBound(score, threshold)}.`,
});

function scoreOf(
  { measures }: ImageFacts,
  { threshold, colourThreshold }: { readonly threshold: number; readonly colourThreshold: number },
): Scored | null {
  if (measures?.blur === undefined) return null;
  return { score: blurScore(measures.blur, colourThreshold), threshold };
}

/** The score of the histogram counts as 0 if it is at most `colourThreshold`. */
export function blurScore({ edges, spread }: NonNullable<Measures['blur']>, colourThreshold: number): number {
  const ofEdges = 1 - Math.exp(-1 * edges * NORMALIZING_FACTOR);
  const ofSpread = 1 - Math.exp(-1 * spread * NORMALIZING_FACTOR);
  return Math.min(1, ofEdges + (ofSpread <= colourThreshold ? 0 : ofSpread));
}
