import { defineCheck } from './check.ts';

/**
 * CleanVision's `grayscale`: samples are not stored as grey. A colour picture whose
 * colours are all grey passes, as in CleanVision.
 */
export const grayscale = defineCheck({
  name: 'checkGrayscale',
  code: 'grayscale',
  measures: [],
  settings: {},
  judge: ({ colourSpace }) => (colourSpace === undefined ? 'unknown' : colourSpace === 'grey' ? {} : null),
  shows: [],
  describe: () => 'Image is grayscale.',
});
