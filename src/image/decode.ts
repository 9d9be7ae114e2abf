import sharp from 'sharp';
import type { ImageFormat } from '../domain/image-facts.ts';
import { createNote, type DamageReason } from '../domain/image-notes.ts';
import { measurePixels } from './measures/index.ts';
import type { Pixels } from './measures/pixels.ts';
import { decodeBmp, decodeIcon, type Outcome } from './decode-bitmaps.ts';
import type { Dimensions } from './dimensions.ts';
import {
  decodePicture,
  type PictureBounds,
  requireMemory,
  TooManyPixels,
  TooMuchMemory,
} from './decode-picture.ts';
import type { Decode, Decoded, DecodeInput } from './inspect.ts';
import { DECODER_RESIDENT_BYTES, MAX_MEGAPIXELS, ORDINARY_BYTES } from './limits.ts';
import { DECODING } from './samples.ts';
import type { Structure } from './structure.ts';
import { findFrameDamage } from './formats/png/frame-data.ts';
import { withOnlyPage } from './formats/tiff/pages.ts';

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

/** Each picture uses one thread, because activities already run in parallel. Nothing is kept between pictures. */
export function configureDecoder(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  // All other loaders of a build (SVG, PDF, Magick, …) stay blocked, so no file can reach them.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: Object.values(LOADERS) });
}

/**
 * Decodes every pixel, unless the structure has shown damage. Decoders accept much damage: they fill
 * in or leave out the lost end of a file. `reason` is one of our own texts, because clients match on
 * it and library texts change with versions.
 */
export function createDecode({ megapixels = MAX_MEGAPIXELS, ordinaryBytes = ORDINARY_BYTES } = {}): Decode {
  const maxPixels = megapixels * 1_000_000;
  return async (bytes, format, { size, structure, measures, onWork }) => {
    const { damage, notDecoded, mends, pages, pngFrames, properties } = structure;
    if (!DECODED.has(format)) return notChecked('not_decoded', 'no decoder for the format');
    if (damage !== null) return damaged(damage);
    const declared = pixelsIn([...(size === null ? [] : [size]), ...pngFrames]);
    if (declared > maxPixels) return tooManyPixels(megapixels);
    if (notDecoded !== null) return notChecked('not_decoded', notDecoded);

    onWork(declared);
    // The file has been hashed, so its bytes may change. A copy would cost memory.
    for (const mend of mends) mend.bytes.fill(mend.shown);
    if (format === 'AVIF') showStillPicture(bytes);
    // Pictures that were read as others, in colours or size, are not measured.
    const isMeasured = measures.length > 0 && (pages[0]?.readAs ?? []).length === 0;
    const bounds = { maxPixels, ordinaryBytes, isMeasured, onWork };
    let pixels: Pixels | null;
    try {
      const outcome = await decodeFrames(bytes, format, { size, structure }, bounds);
      if (outcome !== null && 'state' in outcome) return { integrity: outcome };
      pixels = outcome;
    } catch (error) {
      if (error instanceof TooManyPixels) return tooManyPixels(megapixels);
      return error instanceof TooMuchMemory ? tooLarge(error.message) : damaged(reasonOf(error));
    }
    const frameDamage = await findFrameDamage(pngFrames, properties);
    if (frameDamage !== null) return damaged(frameDamage);
    if (!isMeasured) return intact;
    // An error while measuring does not make the picture `damaged`. It ends the decoder process.
    return pixels === null ? notMeasured : { ...intact, measures: measurePixels(pixels, measures) };
  };
}

/** Decodes all frames and returns the first. Null if its samples were not kept. */
async function decodeFrames(
  bytes: Buffer,
  format: ImageFormat,
  { size, structure }: Pick<DecodeInput, 'size' | 'structure'>,
  bounds: PictureBounds,
): Promise<Outcome | null> {
  if (format === 'BMP') {
    requireMemory(format, bytes.length, structure, {
      width: 0,
      height: 0,
      ...size,
      channels: 3,
      depth: 'uchar',
    });
    return decodeBmp(bytes);
  }
  if (format === 'ICO') return decodeIconWithin(bytes, bounds);
  const { pages } = structure;
  return pages.some(({ readAs }) => readAs.length > 0) || (pages.length > 1 && (await doPagesDiffer(bytes)))
    ? decodePages(bytes, structure, bounds)
    : decodePicture(bytes, format, structure, bounds);
}

/** All samples of icons are kept, because they are small. */
async function decodeIconWithin(bytes: Buffer, bounds: PictureBounds): Promise<Outcome> {
  const keepAll = { ...bounds, ordinaryBytes: DECODER_RESIDENT_BYTES };
  const outcome = await decodeIcon(bytes, bounds.maxPixels, (png, structure) =>
    decodePicture(png, 'PNG', structure, keepAll),
  );
  if (outcome === null) throw new TooManyPixels();
  return outcome;
}

function pixelsIn(pictures: readonly Dimensions[]): number {
  return pictures.reduce((sum, { width, height }) => sum + width * height, 0);
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

/** Decodes all pages and returns the first. */
async function decodePages(
  bytes: Buffer,
  structure: Structure,
  bounds: PictureBounds,
): Promise<Pixels | null> {
  let first: Pixels | null = null;
  let before = 0;
  for (const [index, page] of structure.pages.entries()) {
    const left = {
      ...bounds,
      maxPixels: bounds.maxPixels - before,
      isMeasured: bounds.isMeasured && index === 0,
      onWork: (pixels: number) => bounds.onWork((before += pixels)),
    };
    const pixels = await withOnlyPage(bytes, page, () => decodePicture(bytes, 'TIFF', structure, left));
    if (index === 0) first = pixels;
  }
  return first;
}

const intact: Decoded = { integrity: { state: 'intact' } };
const notMeasured: Decoded = { ...intact, note: createNote('not_measured') };

function tooManyPixels(megapixels: number): Decoded {
  return tooLarge(`more than ${megapixels} megapixels`);
}

function tooLarge(reason: string): Decoded {
  return notChecked('too_large_to_decode', reason);
}

function notChecked(code: 'too_large_to_decode' | 'not_decoded', reason: string): Decoded {
  return { integrity: { state: 'not_checked', reason }, note: createNote(code, reason) };
}

function damaged(reason: DamageReason): Decoded {
  return { integrity: { state: 'damaged', reason } };
}

/** Error texts of libvips' decoders for a file that ends too early. libtiff also says "incorrectly truncated" of values. */
const ENDS_EARLY =
  /premature end|end of (?:file|stream|input)|eof|(?<!incorrectly )truncated|not enough data|read error|unexpected end|out of order read|unable to read/i;

/**
 * Error text for content that the decoders do not know. They read nothing of
 * it, so it says nothing about the file's end.
 */
const UNKNOWN = /not implemented/i;

function reasonOf(error: unknown): DamageReason {
  const { message } = error instanceof Error ? error : { message: '' };
  return ENDS_EARLY.test(message) && !UNKNOWN.test(message) ? 'truncated' : 'corrupt data';
}
