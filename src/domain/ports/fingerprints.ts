import type { Earlier, Measures } from '../image-facts.ts';

/** The values by which assets are compared. A missing one is not compared, and the answer says nothing about it. */
export interface Fingerprints extends Pick<Measures, 'pixelHash' | 'perceptualHash'> {
  /** √(width · height), px. */
  readonly size: number | null;
}

/** The fingerprints of all assets, each among those of its tenant. */
export interface FingerprintStore {
  /**
   * Enters the asset and tells how it compares with what was entered before it. The first entry stands, and the answer
   * with it, until the fingerprints change: then the asset is entered anew. However many assets are alike, exactly one
   * of them is reported as the original: its answer names no other.
   *
   * `near` are the five nearest at `MAX_NEAR_DISTANCE` bits at most, as far as any policy may look, by distance, then by age; of
   * those that share a perceptual hash only the first, and not if it is an exact duplicate.
   */
  compare(assetId: string, prints: Fingerprints): Promise<Earlier>;
}
