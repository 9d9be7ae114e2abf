import sharp from 'sharp';
import type { ImageFormat } from '../domain/image-facts.ts';
import type { DamageReason } from '../domain/image-notes.ts';
import type { Measure } from '../domain/measures.ts';
import { measurePixels } from './checks/index.ts';
import type { Pixels } from './checks/pixels.ts';
import type { Dimensions } from './dimensions.ts';
import type { Decoded } from './inspect.ts';
import { MAX_DECODED_PIXELS } from './limits.ts';
import { DECODING, toSamples } from './samples.ts';
import type { Structure } from './structure.ts';

/** The loaders of libvips that are wanted, by format. BMP, ICO, PSD and HEVC have none in sharp's build. */
const LOADERS: { readonly [format in ImageFormat]?: string } = {
  JPEG: 'VipsForeignLoadJpegBuffer',
  PNG: 'VipsForeignLoadPngBuffer',
  GIF: 'VipsForeignLoadNsgifBuffer',
  WEBP: 'VipsForeignLoadWebpBuffer',
  TIFF: 'VipsForeignLoadTiffBuffer',
  AVIF: 'VipsForeignLoadHeifBuffer',
};

/** Formats whose files may hold several pictures, all of which must decode. */
const MULTI_FRAME = new Set<ImageFormat>(['GIF', 'WEBP', 'TIFF']);

/** Parallelism comes from activities, not from threads a picture; nothing is kept between pictures. */
export function configureDecoder(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  // SVG, PDF, Magick and whatever else a build brings stay shut, however a file is dressed up.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: Object.values(LOADERS) });
}

/**
 * Decodes every pixel, unless the structure has shown `damage`: decoders let much of that pass, as they fill in or leave
 * out what a file has lost at its end. `reason` is one of ours: library texts change with versions, clients match on it.
 */
export async function decode(
  bytes: Buffer,
  format: ImageFormat,
  size: Dimensions | null,
  { damage }: Pick<Structure, 'damage'>,
  measures: readonly Measure[] = [],
): Promise<Decoded> {
  if (LOADERS[format] === undefined) return noDecoder;
  if (size !== null && size.width * size.height > MAX_DECODED_PIXELS) return tooManyPixels;

  if (damage !== null) return damaged(damage);

  let pixels: Pixels;
  try {
    const metadata = await sharp(bytes, DECODING).metadata();
    const { width, height, pages = 1 } = metadata;
    if (width * height * pages > MAX_DECODED_PIXELS) return tooManyPixels;
    const decoder = sharp(bytes, { ...DECODING, pages: MULTI_FRAME.has(format) ? -1 : 1 });
    const { data, info } = await toSamples(decoder, metadata).toBuffer({ resolveWithObject: true });
    // Of the first frame: the samples of all of them are one below the other.
    pixels = { data, width: info.width, height, channels: info.channels };
  } catch (error) {
    return damaged(reasonOf(error));
  }
  // Where measuring fails, it is no fault of the picture's: it takes the decoder down, not the verdict along.
  if (measures.length === 0) return { integrity: { state: 'intact' } };
  return { integrity: { state: 'intact' }, measures: measurePixels(pixels, measures) };
}

const noDecoder: Decoded = { integrity: { state: 'not_checked', reason: 'no decoder for the format' } };
const tooManyPixels: Decoded = { integrity: { state: 'not_checked', reason: 'more than 50 megapixels' } };

function damaged(reason: DamageReason): Decoded {
  return { integrity: { state: 'damaged', reason } };
}

/** What the decoders of libvips say when a file ends too early. */
const ENDS_EARLY =
  /premature end|end of (?:file|stream|input)|eof|truncated|not enough data|read error|unexpected end|out of order read|unable to read/i;

function reasonOf(error: unknown): DamageReason {
  return error instanceof Error && ENDS_EARLY.test(error.message) ? 'truncated' : 'corrupt data';
}
