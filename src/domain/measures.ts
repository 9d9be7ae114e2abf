/**
 * What is computed from the pixels of a picture (its first frame, 8 bits a sample, as stored: before EXIF orientation), each
 * only where a check of the policy needs it. Definitions and constants are CleanVision's 0.3.7; docs/checks.md has them.
 */
export const MEASURES = ['brightness', 'entropy', 'blur', 'pixelHash', 'perceptualHash'] as const;
export type Measure = (typeof MEASURES)[number];

/** Part of workflow histories and of rows, as `ImageFacts` is: fields may be added as optional ones, never renamed. */
export interface Measures {
  /** Percentiles 5 and 99 of the pixels' brightness, 0 (black) to 1 (white). */
  readonly brightness?: { readonly p5: number; readonly p99: number };
  /** Shannon entropy of the samples' histogram, bits. */
  readonly entropy?: number;
  /**
   * Of the picture in grey, its longer side at most 64 px: the standard deviation of its edges, and that of the counts in its
   * histogram.
   */
  readonly blur?: { readonly edges: number; readonly spread: number };
  /** SHA-256 of width, height, channels and pixels, hex. */
  readonly pixelHash?: string;
  /** DCT hash of 64 bits, hex. Similar pictures have hashes that differ in few bits. */
  readonly perceptualHash?: string;
}

/** How a picture compares with those that the tenant had validated before it. */
export interface Earlier {
  /** The first asset with the very same pixels. */
  readonly exact: string | null;
  /** The nearest of those that look alike, by the bits in which their perceptual hashes differ. */
  readonly near: readonly { readonly assetId: string; readonly distance: number }[];
  /** Quartiles of √(width · height), px, over the last assets. */
  readonly sizes: { readonly q1: number; readonly q3: number; readonly count: number } | null;
}

/** Bits in which perceptual hashes may differ for pictures to be found as near, at most: the index reaches no further. */
export const MAX_NEAR_DISTANCE = 7;
