import type { Earlier, Measures } from '../image-facts.ts';

/** What an asset is compared by. A part that is missing is not compared: the answer says nothing of it. */
export interface Fingerprints extends Pick<Measures, 'pixelHash' | 'perceptualHash'> {
  /** √(width · height), px. */
  readonly size: number | null;
}

/** The fingerprints of all assets, each among those of its tenant. */
export interface FingerprintStore {
  /**
   * Enters the asset and tells how it compares with what was entered before it. The first entry stands, and the answer
   * with it, until the fingerprints change: then the asset is entered anew. Of assets that are alike, at any moment and
   * in any number, exactly one is told of none.
   *
   * `near` are the five nearest at `MAX_NEAR_DISTANCE` bits at most, as far as any policy may look, by distance, then by age; of
   * those that share a perceptual hash only the first, and not if it is an exact duplicate.
   */
  compare(assetId: string, prints: Fingerprints): Promise<Earlier>;
}
