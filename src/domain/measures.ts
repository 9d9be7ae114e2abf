/**
 * What can be computed from the pixels of a picture (its first frame, 8 bits a sample, as stored: before EXIF orientation).
 * Definitions and constants are CleanVision's 0.3.7; docs/checks.md has them.
 *
 * Only names and numbers stand here, because decoders read them too and load no zod.
 */
export const MEASURES = ['brightness', 'entropy', 'blur', 'pixelHash', 'perceptualHash'] as const;
export type Measure = (typeof MEASURES)[number];

/** Bits in which perceptual hashes may differ for pictures to be found as near, at most: the index reaches no further. */
export const MAX_NEAR_DISTANCE = 7;
