import type { Earlier, Measures } from '../image-facts.ts';

/** The values by which assets are compared. A missing one is not compared, and the answer says nothing about it. */
export interface Fingerprints extends Pick<Measures, 'pixelHash' | 'perceptualHash'> {
  /** √(width · height), px. */
  readonly size: number | null;
  /** Hex. Missing or null for a file that was not hashed. */
  readonly sha256?: string | null;
  /** Where the file lies, if it is a local one: one text for all spellings of its path. */
  readonly place?: string;
}

/** The values that later assets are compared with: those that the rules of the asset's own policy compare. */
export type KeptFingerprints = Pick<Fingerprints, 'size' | 'pixelHash' | 'perceptualHash'>;

/** The fingerprints of all assets. An asset is compared only with others of its tenant. */
export interface FingerprintStore {
  /**
   * Stores the asset's fingerprints and compares them with those stored before. The first entry and its answer stay
   * until the fingerprints change. Then the asset is entered anew. If assets are alike, exactly one of them is reported
   * as the original: its answer names no other. `tenant`: the one whose share of connections this takes.
   *
   * A file that was submitted before (same location, place or path, and SHA-256) is no duplicate of itself. It takes the
   * place of its first entry, so its answer names what that entry's did. The sizes are those of other files entered before it,
   * and each file counts once.
   *
   * `near` has the five nearest assets, by distance, then by age. Their distance is at most `MAX_NEAR_DISTANCE` bits,
   * the most that a policy may ask for. If assets share a perceptual hash, only the first of them is listed, and not if
   * it is an exact duplicate.
   */
  compare(
    tenant: string,
    assetId: string,
    prints: Fingerprints,
    /** Default: all of `prints`. */
    kept?: KeptFingerprints,
  ): Promise<Earlier>;
}
