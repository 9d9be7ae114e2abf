import type { ImageFacts } from '../image-facts.ts';
import type { Measure } from '../measures.ts';
import type { AssetFile } from './sources.ts';

/** A picture that its decoder died of, or had to be killed for; with what had been learnt by then. */
export interface LostImage {
  readonly lost: 'decoder_crashed' | 'decode_timeout';
  /** Ends the sentence "Asset is not a readable image: <reason>." */
  readonly reason: string;
  readonly facts: ImageFacts | null;
}

export interface InspectOptions {
  /** What to compute from the pixels while they are there. */
  readonly measures?: readonly Measure[];
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/**
 * Reads a file whole, once; null where the content is no known image format.
 * @throws {AppError} `storage_unavailable` when reading fails, `decoder_unavailable` when there is nothing to decode
 * with: neither is the asset's fault.
 */
export type InspectImage = (
  file: AssetFile,
  options?: InspectOptions,
) => Promise<ImageFacts | LostImage | null>;
