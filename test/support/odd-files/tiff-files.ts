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
const DIRECTORY_BYTES = 2 + 12 * FIELDS.length + 4;

/** Pages that all show the same pixels. `next` tells for each where the chain goes on: a page, nowhere, or any place. */
function tiff(next: readonly (number | 'end')[], change: ReadonlyMap<number, number> = new Map()): Buffer {
  const bytes = Buffer.alloc(FIRST_AT + DIRECTORY_BYTES * next.length);
  bytes.write('II*\0', 0, 'latin1');
  bytes.writeUInt32LE(FIRST_AT, 4);
  for (const [page, target] of next.entries()) {
    let at = FIRST_AT + DIRECTORY_BYTES * page;
    at = bytes.writeUInt16LE(FIELDS.length, at);
    for (const [tag, value] of FIELDS) {
      at = bytes.writeUInt16LE(tag, at);
      at = bytes.writeUInt16LE(4, at);
      at = bytes.writeUInt32LE(1, at);
      at = bytes.writeUInt32LE(change.get(tag) ?? value, at);
    }
    const isPage = target !== 'end' && target < next.length;
    bytes.writeUInt32LE(target === 'end' ? 0 : isPage ? FIRST_AT + DIRECTORY_BYTES * target : target, at);
  }
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
    tooLarge: '60000x60000',
  },
];
