import { defineCheck } from './check.ts';

/** CleanVision's `grayscale`: samples are stored as grey. (A picture in colours that are all grey passes, as there.) */
export const grayscale = defineCheck({
  name: 'checkGrayscale',
  code: 'grayscale',
  measures: [],
  settings: {},
  judge: ({ colourSpace }) => (colourSpace === undefined ? 'unknown' : colourSpace === 'grey' ? {} : null),
  shows: [],
  describe: () => 'Image is grayscale.',
});
