import { defineCheck } from './check.ts';
import { orientationOf, side, sidesOf } from './sides.ts';

/** Width and height are at least the limits, px. */
export const minDimensions = defineCheck({
  name: 'checkMinDimensions',
  code: 'dimensions_too_small',
  measures: [],
  settings: { width: side, height: side, of: orientationOf },
  judge(facts, limit) {
    const sides = sidesOf(facts, limit.of);
    if (sides === null) return 'dimensions_unknown';
    return sides.width >= limit.width && sides.height >= limit.height ? null : sides;
  },
  shows: ['width', 'height'],
  describe: ({ width, height }, limit) =>
    `Images must be at least ${limit.width}px wide and ${limit.height}px high. ` +
    `The provided image has dimensions of ${width}x${height}px.`,
});
