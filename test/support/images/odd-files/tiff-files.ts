import { noise } from '../image-seeds.ts';
import type { OddFile } from './odd-file.ts';

const format = 'TIFF';
const PIXELS_AT = 8;
const FIRST_AT = 16;

/** Tag, value: a picture of 4×2 grey pixels in one strip. */
const FIELDS: readonly (readonly [tag: number, value: number])[] = [
  [256, 4],
  [257, 2],
  [258, 8],
  [259, 1],
  [262, 1],
  [273, PIXELS_AT],
  [277, 1],
  [278, 2],
  [279, 8],
];
const [WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIP] = [256, 257, 258, 259, 262, 273];
const PLANAR_CONFIGURATION = 284;
const LZW = 5;
const small = new Map([
  [WIDTH, 2],
  [HEIGHT, 1],
]);
const DIRECTORY_BYTES = 2 + 12 * FIELDS.length + 4;

type Change = ReadonlyMap<number, number>;

/**
 * Pages that all show the same pixels. `next` tells for each page where the chain goes on: at a page, nowhere, or at any offset.
 * There is one change for all pages, or one for each.
 */
function tiff(next: readonly (number | 'end')[], ...changes: readonly Change[]): Buffer {
  const bytes = Buffer.alloc(FIRST_AT + DIRECTORY_BYTES * next.length);
  bytes.write('II*\0', 0, 'latin1');
  bytes.writeUInt32LE(FIRST_AT, 4);
  for (const [page, target] of next.entries()) {
    let at = FIRST_AT + DIRECTORY_BYTES * page;
    at = bytes.writeUInt16LE(FIELDS.length, at);
    const change = changes.length > 1 ? changes[page] : changes[0];
    for (const [tag, value] of FIELDS) {
      at = bytes.writeUInt16LE(tag, at);
      at = bytes.writeUInt16LE(tag === PHOTOMETRIC ? 3 : 4, at);
      at = bytes.writeUInt32LE(1, at);
      at = bytes.writeUInt32LE(change?.get(tag) ?? value, at);
    }
    const isPage = target !== 'end' && target < next.length;
    bytes.writeUInt32LE(target === 'end' ? 0 : isPage ? FIRST_AT + DIRECTORY_BYTES * target : target, at);
  }
  return bytes;
}

/** A BigTIFF of pages in their order, with a change for each. They all show the same pixels. */
function bigTiff(...changes: readonly Change[]): Buffer {
  const directoryBytes = 8 + 20 * FIELDS.length + 8;
  const firstAt = 24;
  const bytes = Buffer.alloc(firstAt + directoryBytes * changes.length);
  bytes.write('MM\0+\0\x08', 0, 'latin1');
  bytes.writeBigUInt64BE(BigInt(firstAt), 8);
  for (const [page, change] of changes.entries()) {
    const start = firstAt + directoryBytes * page;
    bytes.writeBigUInt64BE(BigInt(FIELDS.length), start);
    for (const [index, [tag, value]] of FIELDS.entries()) {
      const at = start + 8 + 20 * index;
      bytes.writeUInt16BE(tag, at);
      bytes.writeUInt16BE(4, at + 2);
      bytes.writeBigUInt64BE(1n, at + 4);
      bytes.writeUInt32BE(change.get(tag) ?? (tag === STRIP ? firstAt - 8 : value), at + 12);
    }
    const next = page + 1 < changes.length ? start + directoryBytes : 0;
    bytes.writeBigUInt64BE(BigInt(next), start + directoryBytes - 8);
  }
  return bytes;
}

/** Three samples of 8 bits. The file calls them other colours than RGB, or says that they lie in planes. */
export async function tiffOf(photometric: number, { planes = 1, tile = false } = {}): Promise<Buffer> {
  const bytes = await noise().tiff({ compression: 'lzw', tile }).toBuffer();
  const short = (tag: number, value: number) =>
    Buffer.from([tag & 0xff, tag >> 8, 3, 0, 1, 0, 0, 0, value, 0]);
  bytes.writeUInt16LE(photometric, bytes.indexOf(short(PHOTOMETRIC, 2)) + 8);
  bytes.writeUInt16LE(planes, bytes.indexOf(short(PLANAR_CONFIGURATION, 1)) + 8);
  return bytes;
}

export const TIFF_FILES: readonly OddFile[] = [
  {
    name: 'minimal.tif',
    make: () => tiff(['end']),
    format,
    facts: { frames: 1, colourSpace: 'grey', bitDepth: 8 },
  },
  {
    name: 'three-pages.tif',
    make: () => tiff([1, 2, 'end']),
    format,
    codes: ['multi_page'],
    facts: { frames: 3, animated: false },
  },
  {
    name: 'pages-of-two-sizes.tif',
    make: () => tiff([1, 2, 'end'], new Map(), small, new Map()),
    format,
    codes: ['multi_page'],
    facts: { frames: 3, width: 4, height: 2 },
  },
  {
    name: 'pages-of-two-depths.tif',
    make: () => tiff([1, 'end'], new Map(), new Map([[BITS, 16], ...small])),
    format,
    codes: ['multi_page'],
    facts: { frames: 2 },
  },
  {
    name: 'big-pages-of-two-sizes.tif',
    make: () => bigTiff(small, new Map()),
    format,
    codes: ['multi_page'],
    facts: { frames: 2, width: 2, height: 1 },
  },
  {
    name: 'damaged-page-of-another-size.tif',
    make: () => tiff([1, 'end'], new Map(), new Map([[COMPRESSION, LZW], ...small])),
    format,
    integrity: 'truncated',
    codes: ['undecodable', 'multi_page'],
  },
  {
    name: 'second-page-too-short.tif',
    make: () => tiff([1, 'end'], new Map(), new Map([[HEIGHT, 3]])),
    format,
    integrity: 'corrupt data',
    codes: ['undecodable', 'multi_page'],
  },
  {
    name: 'second-page-of-60000.tif',
    make: () =>
      tiff(
        [1, 'end'],
        new Map(),
        new Map([
          [WIDTH, 60_000],
          [HEIGHT, 60_000],
        ]),
      ),
    format,
    integrity: 'not_checked',
    codes: ['too_large_to_decode', 'multi_page'],
  },
  {
    name: 'overviews-of-40-megapixels.tif',
    make: () =>
      tiff(
        [1, 2, 'end'],
        ...[6_400, 3_200, 800].map(
          (side) =>
            new Map([
              [WIDTH, side],
              [HEIGHT, side],
            ]),
        ),
      ),
    format,
    integrity: 'truncated',
    tooLarge: '6400x6400',
    codes: ['undecodable', 'multi_page'],
  },
  ...[6, 34_661, 34_712, 34_887, 34_925, 50_000, 50_002].map(
    (compression): OddFile => ({
      name: `compression-${compression}.tif`,
      make: () => tiff(['end'], new Map([[COMPRESSION, compression]])),
      format,
      integrity: 'not_checked',
      codes: ['not_decoded'],
      facts: { frames: 1 },
    }),
  ),
  ...[6, 10, 12, 14, 24, 64].map(
    (bits): OddFile => ({
      name: `${bits}-bits.tif`,
      make: () => tiff(['end'], new Map([[BITS, bits]])),
      format,
      integrity: 'not_checked',
      codes: ['not_decoded'],
      facts: { bitDepth: bits },
    }),
  ),
  {
    name: 'tiles-of-one-sample.tif',
    make: () => tiffOf(2, { planes: 2, tile: true }),
    format,
    integrity: 'not_checked',
    codes: ['not_decoded'],
  },
  { name: 'tiles.tif', make: () => tiffOf(2, { tile: true }), format },
  {
    name: 'second-page-zstandard.tif',
    make: () => tiff([1, 'end'], new Map(), new Map([[COMPRESSION, 50_000]])),
    format,
    integrity: 'not_checked',
    codes: ['not_decoded', 'multi_page'],
  },
  {
    name: 'zstandard-cut-short.tif',
    make: () =>
      tiff(
        ['end'],
        new Map([
          [COMPRESSION, 50_000],
          [STRIP, 1_000],
        ]),
      ),
    format,
    integrity: 'truncated',
    codes: ['tiff_data_outside_file'],
  },
  {
    name: 'compression-that-is-none.tif',
    make: () => tiff(['end'], new Map([[COMPRESSION, 1_234]])),
    format,
    integrity: 'corrupt data',
    codes: ['undecodable'],
  },
  { name: 'lab.tif', make: () => tiffOf(8), format, facts: { colourSpace: 'lab', bitDepth: 8 } },
  { name: 'icc-lab.tif', make: () => tiffOf(9), format, facts: { colourSpace: 'other' } },
  { name: 'raw-samples.tif', make: () => tiffOf(34_892), format, facts: { colourSpace: 'other' } },
  {
    name: 'colours-that-are-none.tif',
    make: () => tiffOf(1_234),
    format,
    integrity: 'corrupt data',
    codes: ['undecodable'],
  },
  {
    name: 'damaged-lab.tif',
    make: async () => (await tiffOf(8)).fill(0xff, 10_000, 12_000),
    format,
    integrity: 'truncated',
    codes: ['undecodable'],
  },
  {
    name: 'page-and-mask.tif',
    make: () =>
      tiff(
        [1, 'end'],
        new Map(),
        new Map([
          [PHOTOMETRIC, 4],
          [BITS, 1],
        ]),
      ),
    format,
    codes: ['multi_page'],
    facts: { frames: 2 },
  },
  {
    name: 'cmyk.tif',
    make: () => noise().toColourspace('cmyk').tiff().toBuffer(),
    format,
    facts: { colourSpace: 'cmyk', channels: 4 },
  },
  {
    name: 'big.tif',
    make: () => noise().tiff({ bigtiff: true, compression: 'lzw' }).toBuffer(),
    format,
    facts: { frames: 1, colourSpace: 'rgb', channels: 3 },
  },
  { name: 'loop.tif', make: () => tiff([0]), format, integrity: 'corrupt data', codes: ['tiff_ifd_loop'] },
  {
    name: 'loop-of-three.tif',
    make: () => tiff([1, 2, 0]),
    format,
    integrity: 'corrupt data',
    codes: ['tiff_ifd_loop'],
  },
  {
    name: 'directory-outside.tif',
    make: () => tiff([1, 5_000]),
    format,
    integrity: 'truncated',
    codes: ['tiff_ifd_outside_file'],
  },
  {
    name: 'strip-outside.tif',
    make: () => tiff(['end'], new Map([[273, 1_000_000]])),
    format,
    integrity: 'truncated',
    codes: ['tiff_data_outside_file'],
  },
  {
    name: 'bomb-60000.tif',
    make: () =>
      tiff(
        ['end'],
        new Map([
          [256, 60_000],
          [257, 60_000],
        ]),
      ),
    format,
    integrity: 'not_checked',
    codes: ['too_large_to_decode'],
    tooLarge: '60000x60000',
  },
];
