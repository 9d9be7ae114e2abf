import type { ImageFacts } from '../image-facts.ts';
import { defineCheck, type Scored } from './check.ts';
import { failBelow, scoreAndBound, scoreBound } from './scores.ts';
import { sidesOf } from './sides.ts';

/** CleanVision's `odd_aspect_ratio`: the shorter side over the longer one, 1 for a square. */
export const aspectRatio = defineCheck({
  name: 'checkAspectRatio',
  code: 'odd_aspect_ratio',
  measures: [],
  settings: { threshold: scoreBound(0.35) },
  score: scoreOf,
  judge: (facts, settings) =>
    sidesOf(facts, 'stored') === null ? 'dimensions_unknown' : failBelow(scoreOf(facts, settings)),
  shows: ['score'],
  describe: ({ score }, { threshold }) =>
    `Image has an odd aspect ratio: shorter side / longer side ${scoreAndBound(score, threshold)}.`,
});

function scoreOf(facts: ImageFacts, { threshold }: { readonly threshold: number }): Scored | null {
  const sides = sidesOf(facts, 'stored');
  return sides === null ? null : { score: aspectRatioScore(sides), threshold };
}

export function aspectRatioScore({
  width,
  height,
}: {
  readonly width: number;
  readonly height: number;
}): number {
  return Math.min(width / height, height / width);
}
