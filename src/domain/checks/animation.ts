import { defineCheck } from './check.ts';
import { countOf } from './words.ts';

/** The picture is not animated. */
export const animation = defineCheck({
  name: 'checkAnimation',
  code: 'animation_not_allowed',
  measures: [],
  settings: {},
  judge: ({ animated, frames = 1 }) => (animated === undefined ? 'unknown' : animated ? { frames } : null),
  shows: ['frames'],
  describe: ({ frames }) =>
    `Images must not be animated, the provided image has ${countOf(frames, 'frame')}.`,
});
