import { z } from 'zod';
import { MAX_NEAR_DISTANCE } from '../measures.ts';
import { defineCheck } from './check.ts';
import { inBrackets } from './words.ts';

/**
 * CleanVision's `near_duplicates`: no earlier asset of the tenant has nearly the same perceptual hash. CleanVision asks
 * for equal hashes. Here they may also differ in a few bits.
 */
export const nearDuplicates = defineCheck({
  name: 'checkNearDuplicates',
  code: 'near_duplicate',
  comparesWithEarlier: true,
  measures: ['pixelHash', 'perceptualHash'],
  settings: { maxDistance: z.int().min(0).max(MAX_NEAR_DISTANCE).default(0) },
  judge({ earlier, measures }, { maxDistance }) {
    if (earlier === undefined || measures?.perceptualHash === undefined) return 'unknown';
    const [nearest] = earlier.near;
    // Exact duplicates are reported by their own check.
    return earlier.exact !== null || nearest === undefined || nearest.distance > maxDistance ? null : nearest;
  },
  shows: ['assetId', 'distance', 'path'],
  describe: ({ assetId, distance, path }) =>
    `Image looks like asset ${assetId}${inBrackets(path)}: their perceptual hashes ` +
    (distance === 0 ? 'are equal.' : `differ in ${distance} of 64 bits.`),
});
