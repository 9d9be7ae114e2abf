import { z } from 'zod';
import type { Earlier, ImageFacts } from '../image-facts.ts';
import { defineCheck, type Scored } from './check.ts';
import { sidesOf } from './sides.ts';
import { tellApart } from './words.ts';

/** Fewest earlier assets for a comparison. With fewer, the usual size is unknown. */
const ENOUGH_TO_COMPARE = 20;

/** CleanVision's `odd_size`: √(width · height) is close to that of the tenant's last assets. */
export const size = defineCheck({
  name: 'checkSize',
  code: 'odd_size',
  comparesWithEarlier: true,
  measures: [],
  settings: { iqrFactor: z.number().positive().max(100).default(3) },
  score: scoreOf,
  judge(facts, settings) {
    const sides = sidesOf(facts, 'stored');
    const { sizes } = facts.earlier ?? {};
    if (sides === null) return 'dimensions_unknown';
    if (sizes === undefined) return 'unknown';
    const scored = scoreOf(facts, settings);
    if (scored === null || sizes === null || scored.score >= scored.threshold) return null;
    return { score: scored.score, size: sizeOf(sides), ...sizes };
  },
  shows: ['score', 'size', 'q1', 'q3', 'count'],
  describe({ size: own, q1, q3 }) {
    // An odd size lies outside the usual ones, so the nearer bound is the one to tell it from.
    const { value } = tellApart(own, Math.round(own < q1 ? q1 : q3), 0);
    const [least, most] = [Math.round(q1), Math.round(q3)];
    const usual = least === most ? `${least}px` : `${least}px to ${most}px`;
    return `Image has an odd size: √(width · height) is ${value}px, and half of the earlier images have ${usual}.`;
  },
});

/** Null if too few earlier assets say what is usual. */
function scoreOf(facts: ImageFacts, { iqrFactor }: { readonly iqrFactor: number }): Scored | null {
  const sides = sidesOf(facts, 'stored');
  const { sizes } = facts.earlier ?? {};
  if (sides === null || sizes === undefined || sizes === null || sizes.count < ENOUGH_TO_COMPARE) return null;
  return sizeScore(sizeOf(sides), sizes, iqrFactor);
}

/** √(width · height), px. */
export function sizeOf({ width, height }: { readonly width: number; readonly height: number }): number {
  return Math.sqrt(width) * Math.sqrt(height);
}

/**
 * The score is 1 in the middle of the usual sizes and 0.5 at their bounds. A size is odd if its score is below
 * `threshold`, which is 0.5, or 1 if all assets have one size.
 */
export function sizeScore(
  own: number,
  { q1, q3 }: Pick<NonNullable<Earlier['sizes']>, 'q1' | 'q3'>,
  iqrFactor: number,
): { readonly score: number; readonly threshold: number } {
  const margin = iqrFactor * (q3 - q1);
  const [min, max] = [q1 - margin, q3 + margin];
  const middle = (min + max) / 2;
  const gap = max - min;
  const distance = Math.abs(own - middle) / (gap > 0 ? gap : middle);
  return { score: 1 - Math.min(1, Math.max(0, distance)), threshold: gap > 0 ? 0.5 : 1 };
}
