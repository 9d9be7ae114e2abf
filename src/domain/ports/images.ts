import type { ImageFacts, NoImage } from '../image-facts.ts';
import type { Measure } from '../measures.ts';
import type { AssetFile } from './sources.ts';

/** A picture whose decoder died or was killed, with the facts known by then. */
export interface LostImage {
  readonly lost: 'decoder_crashed' | 'decode_timeout';
  /** Ends the sentence "Asset is not a readable image: <reason>." */
  readonly reason: string;
  readonly facts: ImageFacts | null;
}

export interface InspectOptions {
  /** Measures to compute from the decoded pixels. */
  readonly measures?: readonly Measure[];
  /** The owner of the image. Tenants take turns at the decoders. Images without a tenant count as one tenant's. */
  readonly tenant?: string | undefined;
  /** Ends the inspection early. */
  readonly signal?: AbortSignal;
}

/** The result of an inspection: facts, or why there are none. */
export type Inspected = ImageFacts | LostImage | { readonly noImage: NoImage };

/**
 * Reads a whole file, once.
 * @throws {AppError} `storage_unavailable` if reading fails, `decoder_unavailable` if no decoder can be started.
 * Neither is the asset's fault.
 */
export type InspectImage = (file: AssetFile, options?: InspectOptions) => Promise<Inspected>;
