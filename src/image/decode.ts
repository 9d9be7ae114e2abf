import sharp from 'sharp';
import type { ImageFormat } from '../domain/image-facts.ts';
import type { DamageReason } from '../domain/image-notes.ts';
import type { Measure } from '../domain/measures.ts';
import { measurePixels } from './measures/index.ts';
import type { Pixels } from './measures/pixels.ts';
import { decodeBmp, decodeIcon, type Outcome } from './decode-bitmaps.ts';
import type { Dimensions } from './dimensions.ts';
import type { Decoded } from './inspect.ts';
import { MAX_DECODED_PIXELS } from './limits.ts';
import { DECODING, toSamples } from './samples.ts';
import type { Structure } from './structure.ts';
import { findFrameDamage } from './formats/png/frame-data.ts';
import { type TiffPage, withOnlyPage } from './formats/tiff/pages.ts';

/** The libvips loaders in use, by format. sharp's build has none for BMP, ICO, PSD and HEVC. We read BMP and ICO ourselves. */
const LOADERS: { readonly [format in ImageFormat]?: string } = {
  JPEG: 'VipsForeignLoadJpegBuffer',
  PNG: 'VipsForeignLoadPngBuffer',
  GIF: 'VipsForeignLoadNsgifBuffer',
  WEBP: 'VipsForeignLoadWebpBuffer',
  TIFF: 'VipsForeignLoadTiffBuffer',
  AVIF: 'VipsForeignLoadHeifBuffer',
};

const DECODED = new Set<string>([...Object.keys(LOADERS), 'BMP', 'ICO']);

/** Formats whose files may hold several pictures. All of them must decode. */
const MULTI_FRAME = new Set<ImageFormat>(['GIF', 'WEBP', 'TIFF']);

/** Each picture uses one thread, because activities already run in parallel. Nothing is kept between pictures. */
export function configureDecoder(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  // All other loaders of a build (SVG, PDF, Magick, …) stay blocked, so no file can reach them.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: Object.values(LOADERS) });
}

/**
 * Decodes every pixel, unless the structure has shown `damage`. Decoders accept much damage: they fill
 * in or leave out the lost end of a file. `reason` is one of our own texts, because clients match on
 * it and library texts change with versions.
 */
export async function decode(
  bytes: Buffer,
  format: ImageFormat,
  size: Dimensions | null,
  structure: Structure,
  measures: readonly Measure[] = [],
): Promise<Decoded> {
  const { damage, notDecoded, pages, pngFrames } = structure;
  if (!DECODED.has(format)) return noDecoder;
  if (damage !== null) return damaged(damage);
  if (pixelsIn([...(size === null ? [] : [size]), ...pngFrames]) > MAX_DECODED_PIXELS) return tooManyPixels;
  if (notDecoded !== null) return notChecked(notDecoded);

  if (format === 'AVIF') showStillPicture(bytes);
  let pixels: Pixels;
  try {
    const outcome = await decodeFrames(bytes, format, pages);
    if (outcome === null) return tooManyPixels;
    if ('state' in outcome) return { integrity: outcome };
    pixels = outcome;
  } catch (error) {
    return damaged(reasonOf(error));
  }
  const frameDamage = await findFrameDamage(pngFrames, structure.properties);
  if (frameDamage !== null) return damaged(frameDamage);
  // An error while measuring does not make the picture `damaged`. It ends the decoder process. Pictures whose colours
  // were read as other colours are not measured.
  if (measures.length === 0 || (pages[0]?.colours ?? null) !== null)
    return { integrity: { state: 'intact' } };
  return { integrity: { state: 'intact' }, measures: measurePixels(pixels, measures) };
}

/** Decodes all frames and returns the first. Null if all frames together have too many pixels. */
async function decodeFrames(
  bytes: Buffer,
  format: ImageFormat,
  pages: readonly TiffPage[],
): Promise<Outcome | null> {
  if (format === 'BMP') return decodeBmp(bytes);
  if (format === 'ICO')
    return decodeIcon(bytes, MAX_DECODED_PIXELS, (png) => decodePicture(png, 'PNG', MAX_DECODED_PIXELS));
  return pages.some(({ colours }) => colours !== null) || (pages.length > 1 && (await doPagesDiffer(bytes)))
    ? decodePages(bytes, pages)
    : decodePicture(bytes, format, MAX_DECODED_PIXELS);
}

function pixelsIn(pictures: readonly Dimensions[]): number {
  return pictures.reduce((sum, { width, height }) => sum + width * height, 0);
}

/** Decodes all frames and returns the first. Null if all frames together have more than `maxPixels`. */
async function decodePicture(bytes: Buffer, format: ImageFormat, maxPixels: number): Promise<Pixels | null> {
  const metadata = await sharp(bytes, DECODING).metadata();
  const { width, height, pages = 1 } = metadata;
  if (width * height * pages > maxPixels) return null;
  const decoder = sharp(bytes, { ...DECODING, pages: MULTI_FRAME.has(format) ? -1 : 1 });
  const { data, info } = await toSamples(decoder, metadata).toBuffer({ resolveWithObject: true });
  // `data` holds the samples of all frames, one frame below the other.
  return { data, width: info.width, height, channels: info.channels };
}

/**
 * Changes the brand of a sequence (AVIF 1.1, section 6.3). The decoder refuses sequences, but it decodes the still
 * picture that such a file has.
 */
function showStillPicture(bytes: Buffer): void {
  const brand = bytes.toString('latin1', 8, 12);
  if (brand === 'avis' || brand === 'msf1') bytes.write('avif', 8, 'latin1');
}

/**
 * Whether pages differ in size or kind (a scan and its preview, a map and its overviews). The decoder cannot read such
 * pages as one picture.
 */
async function doPagesDiffer(bytes: Buffer): Promise<boolean> {
  try {
    await sharp(bytes, { ...DECODING, pages: -1 }).metadata();
    return false;
  } catch (error) {
    return error instanceof Error && /page \d+ differs from page/.test(error.message);
  }
}

/** Decodes all pages and returns the first. Null if all pages together have too many pixels. */
async function decodePages(bytes: Buffer, pages: readonly TiffPage[]): Promise<Pixels | null> {
  let first: Pixels | null = null;
  let pixelsLeft = MAX_DECODED_PIXELS;
  for (const page of pages) {
    const pixels = await withOnlyPage(bytes, page, () => decodePicture(bytes, 'TIFF', pixelsLeft));
    if (pixels === null) return null;
    first ??= pixels;
    pixelsLeft -= pixels.width * pixels.height;
  }
  return first;
}

const noDecoder = notChecked('no decoder for the format');
const tooManyPixels = notChecked('more than 50 megapixels');

function notChecked(reason: string): Decoded {
  return { integrity: { state: 'not_checked', reason } };
}

function damaged(reason: DamageReason): Decoded {
  return { integrity: { state: 'damaged', reason } };
}

/** Error texts of libvips' decoders for a file that ends too early. */
const ENDS_EARLY =
  /premature end|end of (?:file|stream|input)|eof|truncated|not enough data|read error|unexpected end|out of order read|unable to read/i;

/**
 * Error text for content that the decoders do not know. They read nothing of
 * it, so it says nothing about the file's end.
 */
const UNKNOWN = /not implemented/i;

function reasonOf(error: unknown): DamageReason {
  const { message } = error instanceof Error ? error : { message: '' };
  return ENDS_EARLY.test(message) && !UNKNOWN.test(message) ? 'truncated' : 'corrupt data';
}
