import sharp, { type Metadata } from 'sharp';
import type { ImageFormat } from '../domain/image-facts.ts';
import { DECODER_RESIDENT_BYTES } from './limits.ts';
import type { Pixels } from './measures/pixels.ts';
import { estimateMemory } from './memory.ts';
import { DECODING, type DecodingOptions, readSamples } from './samples.ts';
import type { Structure } from './structure.ts';

/** Formats whose files may hold several pictures. All of them must decode. */
const MULTI_FRAME = new Set<ImageFormat>(['GIF', 'WEBP', 'TIFF']);

/** Rows of a TIFF that are decoded at once, bytes. Two or three pieces are in memory before the first is freed. */
const MAX_PIECE_BYTES = 32 * 1024 * 1024;

/** Channels of a picture that is measured: CMYK and alpha. Pictures of more are not looked at as they are. */
const MOST_MEASURED = 5;

/** A picture that is too large to decode, which says nothing about it. */
export class TooManyPixels extends Error {
  override readonly name = 'TooManyPixels';
}

/** The message is a reason for people. */
export class TooMuchMemory extends Error {
  override readonly name = 'TooMuchMemory';
}

export interface PictureBounds {
  /** Most pixels of all frames together. */
  readonly maxPixels: number;
  /** All samples are kept if the decoder then needs no more, bytes. */
  readonly ordinaryBytes: number;
  /** Whether the first frame is to be measured. */
  readonly isMeasured: boolean;
  /** Called before decoding, with the pixels of all frames. */
  readonly onWork: (pixels: number) => void;
}

/**
 * Decodes all frames. The samples of a large picture are kept only if it is measured or an animation, and never more than
 * memory allows.
 * @returns the first frame, or null if it was not kept
 * @throws {TooManyPixels} @throws {TooMuchMemory}
 * @throws {Error} the decoder's own, if pixels do not decode
 */
export async function decodePicture(
  bytes: Buffer,
  format: ImageFormat,
  structure: Structure,
  { maxPixels, ordinaryBytes, isMeasured, onWork }: PictureBounds,
): Promise<Pixels | null> {
  const metadata = await sharp(bytes, DECODING).metadata();
  const { width, height, pages = 1, channels } = metadata;
  const pixels = width * height * pages;
  if (pixels > maxPixels) throw new TooManyPixels();
  const needed = requireMemory(format, bytes.length, structure, metadata);
  const isAnimation = pages > 1 && format !== 'TIFF';
  if (isAnimation) refuseAbove(needed + pixels * channels);
  onWork(pixels);

  const isMeasurable =
    isMeasured && channels <= MOST_MEASURED && needed + width * height * channels <= DECODER_RESIDENT_BYTES;
  const isKept = needed + pixels * channels <= ordinaryBytes || (isMeasurable && pages === 1);
  // A decoder reaches a frame of an animation only through all before it, so all are decoded at once.
  if (isKept || isAnimation) {
    const picture = await decodeWhole(bytes, { pages: MULTI_FRAME.has(format) ? -1 : 1 }, metadata);
    return channels <= MOST_MEASURED ? picture : null;
  }
  for (let page = 0; page < pages; page += 1) await decodeByRows(bytes, format, { page }, metadata);
  return isMeasurable ? decodeWhole(bytes, {}, metadata) : null;
}

/** The memory that decoding takes, without samples that are kept. @throws {TooMuchMemory} */
export function requireMemory(...about: Parameters<typeof estimateMemory>): number {
  const needed = estimateMemory(...about);
  refuseAbove(needed);
  return needed;
}

function refuseAbove(needed: number): void {
  if (needed > DECODER_RESIDENT_BYTES)
    throw new TooMuchMemory(`its decoder needs ${Math.ceil(needed / 2 ** 20)} MiB`);
}

/** The result begins with the samples of the first frame. Those of the others follow. */
async function decodeWhole(bytes: Buffer, options: DecodingOptions, metadata: Metadata): Promise<Pixels> {
  const { data, info } = await readSamples(bytes, options, metadata);
  return { data, width: info.width, height: metadata.height, channels: info.channels };
}

/**
 * Decodes all rows of a page and keeps none. To give the last row, a decoder goes through all rows above it. The decoder of
 * TIFFs skips what is above, so it has to give all rows, piece by piece.
 */
async function decodeByRows(
  bytes: Buffer,
  format: ImageFormat,
  options: DecodingOptions,
  metadata: Metadata,
): Promise<void> {
  const { width, height, channels } = metadata;
  const isTiff = format === 'TIFF';
  const rowsAtOnce = isTiff ? Math.max(1, Math.floor(MAX_PIECE_BYTES / (width * channels))) : 1;
  for (let top = isTiff ? 0 : height - 1; top < height; top += rowsAtOnce) {
    const rows = { left: 0, top, width, height: Math.min(rowsAtOnce, height - top) };
    await readSamples(bytes, options, metadata, rows);
  }
}
