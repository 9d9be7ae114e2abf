/**
 * Values that can be computed from the pixels of a picture: its first frame, 8 bits a sample, before EXIF orientation.
 * Definitions and constants come from CleanVision 0.3.7 (docs/checks.md).
 *
 * This file has only names and numbers, because decoders read it too and load no zod.
 */
export const MEASURES = ['brightness', 'entropy', 'blur', 'pixelHash', 'perceptualHash'] as const;
export type Measure = (typeof MEASURES)[number];

/** Near duplicates are found up to this many differing bits of their perceptual hashes. The index reaches no further. */
export const MAX_NEAR_DISTANCE = 7;
