import { defineCheck } from './check.ts';
import { orientationOf, side, sidesOf } from './sides.ts';

/** Width and height are at most the limits, px. */
export const maxDimensions = defineCheck({
  name: 'checkDimensions',
  code: 'dimensions_too_large',
  measures: [],
  settings: { width: side, height: side, of: orientationOf },
  judge(facts, limit) {
    const sides = sidesOf(facts, limit.of);
    if (sides === null) return 'dimensions_unknown';
    return sides.width <= limit.width && sides.height <= limit.height ? null : sides;
  },
  shows: ['width', 'height'],
  describe({ width, height }, limit) {
    const smaller =
      limit.width === limit.height
        ? `a width and height smaller than ${limit.width}px`
        : `a width of at most ${limit.width}px and a height of at most ${limit.height}px`;
    return `Image dimensions must have ${smaller}. The provided image has dimensions of ${width}x${height}px.`;
  },
});
