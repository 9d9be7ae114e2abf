import type { StructureDraft } from '../../structure-draft.ts';
import type { TiffDirectory, TiffField, TiffFields } from './fields.ts';
import type { ReadAs } from './pages.ts';

const WIDTH = 256;
const HEIGHT = 257;
const BITS_PER_SAMPLE = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const STRIP_OFFSETS = 273;
const SAMPLES_PER_PIXEL = 277;
const STRIP_BYTE_COUNTS = 279;
const TILE_WIDTH = 322;
const TILE_HEIGHT = 323;

const [SHORT, LONG] = [3, 4];
const [UNCOMPRESSED, JPEG] = [1, 7];

/**
 * Colours that the decoder does not convert: masks, two more kinds of Lab (TIFF technical notes 4), and the raw samples
 * of DNG. It does not convert Lab with three samples of 8 bits either.
 */
const NOT_CONVERTED = new Set([4, 9, 10, 32_803, 34_892]);
const [GREY, RGB, CMYK, LAB] = [1, 2, 5, 8];

type ValueAt = (field: TiffField) => number;

/** The values that the decoder has to be shown, so that it decodes a sound page. */
export function findReadAs(tiff: TiffFields, directory: TiffDirectory, valueAt: ValueAt): readonly ReadAs[] {
  return [...findColours(tiff, directory, valueAt), ...findSize(tiff, directory, valueAt)];
}

/** The samples decode as other colours of as many samples. */
function findColours(tiff: TiffFields, directory: TiffDirectory, valueAt: ValueAt): readonly ReadAs[] {
  const field = directory.fields.get(PHOTOMETRIC);
  if (field?.type !== SHORT || field.count !== 1) return [];
  const photometric = tiff.value(field);
  const samples = tiff.first(directory, SAMPLES_PER_PIXEL) ?? 1;
  const show = (value: number) => [{ at: valueAt(field), isLong: false, value }];
  // The decoder expects three samples in JPEG tiles of RGB and YCbCr, although alpha may be the fourth.
  const isJpegTile = tiff.first(directory, COMPRESSION) === JPEG && directory.fields.has(TILE_WIDTH);
  if (isJpegTile && samples === 4 && photometric !== CMYK) return show(CMYK);
  const isLab8 = photometric === LAB && samples === 3 && tiff.first(directory, BITS_PER_SAMPLE) === 8;
  if (!isLab8 && !NOT_CONVERTED.has(photometric)) return [];
  return show(samples < 3 ? GREY : RGB);
}

/**
 * A page that is much smaller than its only tile, such as the last overview of a map, is shown as large as the tile. The
 * decoder refuses tiles of more than twice the longer side of the page (tiff2vips.c).
 */
function findSize(tiff: TiffFields, directory: TiffDirectory, valueAt: ValueAt): readonly ReadAs[] {
  const { fields } = directory;
  const [width = 0, height = 0] = [tiff.first(directory, WIDTH), tiff.first(directory, HEIGHT)];
  const [tileWidth = 0, tileHeight = 0] = [
    tiff.first(directory, TILE_WIDTH),
    tiff.first(directory, TILE_HEIGHT),
  ];
  const most = Math.ceil((2 * Math.max(width, height)) / 256) * 256;
  if (Math.max(tileWidth, tileHeight) <= most || width > tileWidth || height > tileHeight) return [];
  return [[fields.get(WIDTH), tileWidth] as const, [fields.get(HEIGHT), tileHeight] as const].flatMap(
    ([field, value]) =>
      field !== undefined && (field.type === SHORT || field.type === LONG)
        ? [{ at: valueAt(field), isLong: field.type === LONG, value }]
        : [],
  );
}

/**
 * Some programs give the only strip no length. If it is compressed, the decoder is shown all bytes behind its place,
 * because the codes themselves say where they end. It would warn and do the same.
 */
export function mendNoLength(
  bytes: Buffer,
  tiff: TiffFields,
  directory: TiffDirectory,
  valueAt: ValueAt,
  draft: StructureDraft,
): void {
  const [offsets, counts] = [directory.fields.get(STRIP_OFFSETS), directory.fields.get(STRIP_BYTE_COUNTS)];
  if (offsets?.count !== 1 || counts?.count !== 1 || counts.type !== LONG) return;
  const isCompressed = (tiff.first(directory, COMPRESSION) ?? UNCOMPRESSED) !== UNCOMPRESSED;
  const offset = tiff.value(offsets);
  if (!isCompressed || tiff.value(counts) !== 0 || offset >= bytes.length) return;
  const length = Buffer.alloc(4);
  tiff.writeLong(0, bytes.length - offset, length);
  const at = valueAt(counts);
  draft.mend(bytes.subarray(at, at + 4), length);
}
