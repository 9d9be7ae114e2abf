import { defineCheck } from './check.ts';

/** CleanVision's `exact_duplicates`: no earlier asset of the tenant has the very same pixels. */
export const exactDuplicates = defineCheck({
  name: 'checkExactDuplicates',
  code: 'exact_duplicate',
  comparesWithEarlier: true,
  measures: ['pixelHash'],
  settings: {},
  judge({ earlier, measures }) {
    if (earlier === undefined || measures?.pixelHash === undefined) return 'unknown';
    return earlier.exact === null ? null : { assetId: earlier.exact };
  },
  shows: ['assetId'],
  describe: ({ assetId }) => `Image is an exact duplicate of asset ${assetId}.`,
});
