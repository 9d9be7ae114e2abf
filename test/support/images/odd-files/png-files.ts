import { noise } from '../image-seeds.ts';
import { emptyProfile } from './jpeg-parts.ts';
import type { OddFile } from './odd-file.ts';
import { deflateSync } from 'node:zlib';
import {
  animationControl,
  bomb,
  chunk,
  frameControl,
  frameData,
  greyPng,
  header,
  pixels,
  png,
} from './png-parts.ts';

const format = 'PNG';
const profile = (stream: Buffer) => chunk('iCCP', Buffer.concat([Buffer.from('name\0\0', 'latin1'), stream]));

const bombs = [60_000, 65_535].map(
  (side): OddFile => ({
    name: `bomb-${side}.png`,
    make: () => png(header({ width: side, height: side }), chunk('IDAT', bomb())),
    format,
    integrity: 'not_checked',
    codes: ['too_large_to_decode'],
    tooLarge: `${side}x${side}`,
  }),
);

export const PNG_FILES: readonly OddFile[] = [
  ...bombs,
  { name: 'minimal.png', make: () => greyPng(), format },
  { name: 'png.jpg', make: () => greyPng(), format, codes: ['extension_mismatch'] },
  {
    name: '16-bits.png',
    make: () => noise().toColourspace('rgb16').png().toBuffer(),
    format,
    facts: { bitDepth: 16, channels: 3, colourSpace: 'rgb' },
  },
  {
    name: 'palette.png',
    make: () => noise().png({ palette: true }).toBuffer(),
    format,
    facts: { colourSpace: 'palette', channels: 1 },
  },
  {
    name: 'grey-and-alpha.png',
    make: () => png(header({ colourType: 4 }), chunk('IDAT', deflateSync(Buffer.alloc(4 * 9)))),
    format,
    facts: { colourSpace: 'grey', channels: 2, hasAlpha: true },
  },
  {
    name: 'one-colour-transparent.png',
    make: () => greyPng([chunk('tRNS', '\0\0')]),
    format,
    facts: { hasAlpha: true, channels: 1 },
  },
  {
    name: 'animated.png',
    make: () => greyPng([animationControl(2), frameControl(0)], [frameControl(1), frameData(2)]),
    format,
    codes: ['animated'],
    facts: { frames: 2, animated: true },
  },
  {
    name: 'animated-wrongly.png',
    make: () => greyPng([animationControl(3), frameControl(0)], [frameControl(1), frameData(7)]),
    format,
    codes: ['apng_inconsistent', 'animated'],
  },
  {
    name: 'trailing.png',
    make: () => Buffer.concat([greyPng(), Buffer.from('MZ and more')]),
    format,
    codes: ['trailing_bytes'],
    facts: { trailingBytes: 11 },
  },
  {
    name: 'cgbi.png',
    make: () => png(chunk('CgBI', 'P\0 \x02'), header(), chunk('IDAT', pixels)),
    format,
    integrity: 'corrupt data',
    codes: ['png_cgbi'],
    facts: { width: 4, height: 4 },
  },
  {
    name: 'huge-chunk.png',
    make: () => {
      const bytes = greyPng([chunk('tEXt', 'a\0b')]);
      bytes.writeUInt32BE(0xffff_ffff, bytes.indexOf('tEXt') - 4);
      return bytes;
    },
    format,
    integrity: 'truncated',
    codes: ['png_chunk_outside_file'],
  },
  {
    name: 'no-iend.png',
    make: () => greyPng().subarray(0, -12),
    format,
    integrity: 'truncated',
    codes: ['png_missing_iend'],
  },
  {
    name: 'text-bomb.png',
    make: () => greyPng([chunk('zTXt', Buffer.concat([Buffer.from('a\0\0', 'latin1'), bomb()]))]),
    format,
    codes: ['png_metadata_large'],
  },
  {
    name: 'profile-bomb.png',
    make: () => greyPng([profile(bomb(emptyProfile(64 * 1024 * 1024)))]),
    format,
    codes: ['icc_garbage', 'png_metadata_large'],
  },
  { name: 'pixel-bomb.png', make: () => png(header(), chunk('IDAT', bomb())), format },
  {
    name: 'profile.png',
    make: () => greyPng([profile(deflateSync(emptyProfile()))]),
    format,
    facts: { iccState: 'valid' },
  },
  {
    name: 'no-palette.png',
    make: () => png(header({ colourType: 3 }), chunk('IDAT', pixels)),
    format,
    integrity: 'corrupt data',
    codes: ['png_missing_palette'],
  },
  {
    name: 'palette-of-four-bytes.png',
    make: () => png(header({ colourType: 3 }), chunk('PLTE', '\0\0\0\0'), chunk('IDAT', pixels)),
    format,
    integrity: 'corrupt data',
    codes: ['png_palette_invalid'],
  },
  {
    name: 'palette-too-late.png',
    make: () => png(header({ colourType: 2 }), chunk('IDAT', pixels), chunk('PLTE', '\0\0\0')),
    format,
    integrity: 'corrupt data',
    codes: ['png_chunk_order'],
  },
  {
    name: 'interrupted-pixels.png',
    make: () =>
      png(header(), chunk('IDAT', pixels.subarray(0, 5)), chunk('tEXt'), chunk('IDAT', pixels.subarray(5))),
    format,
    integrity: 'corrupt data',
    codes: ['png_chunk_order'],
  },
  {
    name: 'unknown-critical.png',
    make: () => greyPng([chunk('ABCD')]),
    format,
    integrity: 'corrupt data',
    codes: ['png_unknown_critical_chunk'],
  },
  {
    name: 'no-letters.png',
    make: () => greyPng([chunk('\0\x01\xff<')]),
    format,
    integrity: 'corrupt data',
    codes: ['png_unknown_critical_chunk'],
  },
  {
    name: 'header-twice.png',
    make: () => greyPng([header()]),
    format,
    integrity: 'corrupt data',
    codes: ['png_chunk_order'],
  },
  {
    name: 'header-of-12-bytes.png',
    make: () => png(chunk('IHDR', '\0\0\0\x04\0\0\0\x04\x08\0\0\0'), chunk('IDAT', pixels)),
    format,
    integrity: 'corrupt data',
    codes: ['png_header_invalid'],
  },
  {
    name: 'text-only.png',
    make: () => png(header(), chunk('tEXt', 'a\0b')),
    format,
    integrity: 'corrupt data',
    codes: ['png_missing_idat'],
  },
  {
    name: 'gamma-too-late.png',
    make: () => greyPng([], [chunk('gAMA', '\0\0\xb1\x8f')]),
    format,
    codes: ['png_nonconforming'],
  },
  {
    name: 'many-chunks.png',
    make: () => greyPng([], [Buffer.concat(Array<Buffer>(150_000).fill(chunk('teXt')))]),
    format,
    integrity: 'corrupt data',
    codes: ['too_many_parts'],
  },
];
