import type { ColourSpace } from '../../../domain/image-facts.ts';
import { judgeIccProfile } from '../icc-profile.ts';
import type { ReadStructure, StructureDraft } from '../../structure-draft.ts';
import { EXTRA_SAMPLES } from './extra-samples.ts';
import { type TiffDirectory, TiffFields } from './fields.ts';
import { showPixelFields } from './pixel-fields.ts';
import { findReadAs, mendNoLength } from './read-as.ts';

const BITS_PER_SAMPLE = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const STRIP_OFFSETS = 273;
const ORIENTATION = 274;
const SAMPLES_PER_PIXEL = 277;
const STRIP_BYTE_COUNTS = 279;
const PLANAR_CONFIGURATION = 284;
const TILE_OFFSETS = 324;
const TILE_BYTE_COUNTS = 325;
const SAMPLE_FORMAT = 339;
const ICC_PROFILE = 34_675;

/** PhotometricInterpretation (TIFF 6.0, section 8, and the sections of each extension). */
const COLOUR_SPACES: { readonly [photometric: number]: ColourSpace } = {
  0: 'grey',
  1: 'grey',
  2: 'rgb',
  3: 'palette',
  5: 'cmyk',
  6: 'ycbcr',
  8: 'lab',
};

/**
 * Compressions that the decoder's build lacks: old JPEG (TIFF 6.0, section 22), JBIG, PixarLog, JPEG
 * 2000, LERC, those of DNG, LZMA, PNG, JPEG XR, Zstandard and JPEG XL. Any other number that the
 * decoder does not know is a fault of the file.
 */
const NOT_DECODED = new Set([
  6, 9, 10, 32_909, 33_003, 33_005, 34_661, 34_712, 34_887, 34_892, 34_925, 34_933, 34_934, 50_000, 50_002,
  52_546,
]);

const JPEG = 7;

/** Bits a sample that the decoder unpacks, and the most bits that files use. Other numbers are a fault of the file. */
const DECODED_BITS = new Set([1, 2, 4, 8, 16, 32]);
const MOST_BITS = 128;

/** SampleFormat (TIFF 6.0, section 19; 6 is libtiff's own). The decoder has floating point of 16 and 32 bits. */
const [FLOAT, COMPLEX_INTEGER, COMPLEX_FLOAT] = [3, 5, 6];

/** Follows the chain of image file directories (TIFF 6.0, section 2). Each page has one. */
export const readTiffStructure: ReadStructure = (bytes, draft) => {
  draft.properties.iccState = 'none';
  const tiff = new TiffFields(bytes);
  const visited = new Set<number>();
  for (let offset = tiff.firstDirectory; offset !== 0; ) {
    if (visited.has(offset)) return draft.note('tiff_ifd_loop', `back to ${offset}`);
    visited.add(offset);
    const directory = tiff.readDirectory(offset);
    if (directory === null) return draft.note('tiff_ifd_outside_file', `at ${offset}`);
    if (!draft.allowParts(directory.entries + countParts(directory))) return;
    if (visited.size === 1) readPage(tiff, directory, bytes, draft);
    checkData(tiff, directory, bytes.length, visited.size, draft);
    draft.notDecoded ??= whyNotDecoded(tiff, directory);
    const { nextAt, valueAt } = showPixelFields(bytes, tiff, directory, draft);
    draft.pages.push({ offset, nextAt, readAs: findReadAs(tiff, directory, valueAt) });
    mendNoLength(bytes, tiff, directory, valueAt, draft);
    offset = directory.next;
  }
  draft.properties.frames = visited.size;
  draft.properties.animated = false;
  if (visited.size > 1) draft.note('multi_page', `${visited.size} pages`);
};

/** The reason why the decoder cannot read the page. Null if it can. */
function whyNotDecoded(tiff: TiffFields, directory: TiffDirectory): string | null {
  const read = (tag: number) => tiff.first(directory, tag) ?? 1;
  const SEPARATE = 2;
  if (!directory.fields.has(PHOTOMETRIC)) return 'no decoder for colours without a name';
  if (NOT_DECODED.has(read(COMPRESSION))) return 'no decoder for the compression';
  const [bits, samples, format] = [read(BITS_PER_SAMPLE), read(SAMPLES_PER_PIXEL), read(SAMPLE_FORMAT)];
  if (bits > MOST_BITS) return null;
  if (bits > 0 && !DECODED_BITS.has(bits)) return `no decoder for ${bits} bits a sample`;
  if (bits < 8 && samples > 1) return `no decoder for ${samples} samples of ${bits} bits`;
  if (format === COMPLEX_INTEGER || format === COMPLEX_FLOAT) return 'no decoder for complex numbers';
  if (format === FLOAT && bits === 8) return 'no decoder for floating point of 8 bits';
  if (!directory.fields.has(TILE_OFFSETS)) return null;
  if (read(COMPRESSION) === JPEG && samples === 2) return 'no decoder for JPEG tiles of 2 samples';
  return read(PLANAR_CONFIGURATION) === SEPARATE ? 'no decoder for tiles of one sample' : null;
}

function countParts({ fields }: TiffDirectory): number {
  return (fields.get(STRIP_OFFSETS)?.count ?? 0) + (fields.get(TILE_OFFSETS)?.count ?? 0);
}

/** Reads the first page, which describes the file. */
function readPage(tiff: TiffFields, directory: TiffDirectory, bytes: Buffer, draft: StructureDraft): void {
  const read = (tag: number) => tiff.first(directory, tag);
  const { properties } = draft;
  const photometric = read(PHOTOMETRIC);
  properties.bitDepth = read(BITS_PER_SAMPLE) ?? 1;
  properties.channels = read(SAMPLES_PER_PIXEL) ?? 1;
  if (photometric !== undefined) properties.colourSpace = COLOUR_SPACES[photometric] ?? 'other';
  // 1 is alpha with multiplied colours, 2 is alpha with other colours. 0 can be anything.
  properties.hasAlpha = [1, 2].includes(read(EXTRA_SAMPLES) ?? 0);
  draft.setOrientation(read(ORIENTATION) ?? null);
  const profile = directory.fields.get(ICC_PROFILE);
  if (profile !== undefined) {
    draft.setIcc(judgeIccProfile(bytes.subarray(profile.at, tiff.endOf(profile))));
  }
}

/** Notes strips or tiles that do not lie in the file. */
function checkData(
  tiff: TiffFields,
  { fields }: TiffDirectory,
  fileBytes: number,
  page: number,
  draft: StructureDraft,
): void {
  for (const [offsetsTag, countsTag] of [
    [STRIP_OFFSETS, STRIP_BYTE_COUNTS],
    [TILE_OFFSETS, TILE_BYTE_COUNTS],
  ] as const) {
    const [offsets, counts] = [fields.get(offsetsTag), fields.get(countsTag)];
    if (offsets === undefined || counts === undefined) continue;
    if (tiff.endOf(offsets) > fileBytes || tiff.endOf(counts) > fileBytes) {
      draft.note('tiff_data_outside_file', `table of page ${page}`);
      continue;
    }
    for (let part = 0; part < Math.min(offsets.count, counts.count); part += 1) {
      if (tiff.value(offsets, part) + tiff.value(counts, part) <= fileBytes) continue;
      draft.note('tiff_data_outside_file', `part ${part} of page ${page}`);
      break;
    }
  }
}
