import { defineCheck } from './check.ts';
import { inBrackets } from './words.ts';

/** CleanVision's `exact_duplicates`: no earlier asset of the tenant has the very same pixels. */
export const exactDuplicates = defineCheck({
  name: 'checkExactDuplicates',
  code: 'exact_duplicate',
  comparesWithEarlier: true,
  measures: ['pixelHash'],
  settings: {},
  judge({ earlier, measures }) {
    if (earlier === undefined || measures?.pixelHash === undefined) return 'unknown';
    const { exact, exactPath: path } = earlier;
    return exact === null ? null : { assetId: exact, ...(path !== undefined && { path }) };
  },
  shows: ['assetId', 'path'],
  describe: ({ assetId, path }) => `Image is an exact duplicate of asset ${assetId}${inBrackets(path)}.`,
});
