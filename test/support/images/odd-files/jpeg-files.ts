import { noise } from '../image-seeds.ts';
import {
  EOI,
  emptyProfile,
  exif,
  greyHeaders,
  greyJpeg,
  iccPart,
  jpegOfScans,
  manyScans,
  multiPicture,
  segment,
} from './jpeg-parts.ts';
import type { OddFile } from './odd-file.ts';

const format = 'JPEG';
const zip = Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1');
const after = (...parts: Buffer[]) => Buffer.concat([greyJpeg(), ...parts]);

const SEQUENTIAL = 0xc0;
const PROGRESSIVE = 0xc2;

/** Mean values of all components without their last bit, then that bit. The same for the other coefficients of each. */
const passes = [
  { components: [1, 2, 3], sends: [0, 0, 0x01] },
  { components: [1, 2, 3], sends: [0, 0, 0x10] },
  ...[1, 2, 3].flatMap((id) => [
    { components: [id], sends: [1, 5, 0x00] } as const,
    { components: [id], sends: [6, 63, 0x01] } as const,
    { components: [id], sends: [6, 63, 0x10] } as const,
  ]),
] as const;
const withoutPasses = (...gone: number[]) =>
  jpegOfScans(
    PROGRESSIVE,
    passes.filter((_, index) => !gone.includes(index)),
  );

/** Changes the height in the header only. */
function withHeight(height: number, bytes: Buffer): Buffer {
  bytes.writeUInt16BE(height, bytes.indexOf('ffc0', 'hex') + 5);
  return bytes;
}

const orientations = [1, 2, 3, 4, 5, 6, 7, 8].map(
  (orientation): OddFile => ({
    name: `orientation-${orientation}.jpg`,
    make: () => greyJpeg({ before: [exif(orientation)] }),
    format,
    facts: {
      orientation,
      width: 32,
      height: 8,
      displayed: orientation < 5 ? { width: 32, height: 8 } : { width: 8, height: 32 },
    },
  }),
);

const bombs = [60_000, 65_535].map(
  (side): OddFile => ({
    name: `bomb-${side}.jpg`,
    make: () => greyJpeg({ width: side, height: side }),
    format,
    integrity: 'truncated',
    codes: ['jpeg_data_short'],
    tooLarge: `${side}x${side}`,
    facts: { width: side, height: side },
  }),
);

export const JPEG_FILES: readonly OddFile[] = [
  ...orientations,
  ...bombs,
  { name: 'minimal.jpg', make: () => greyJpeg(), format, facts: { colourSpace: 'grey', channels: 1 } },
  {
    name: 'orientation-9.jpg',
    make: () => greyJpeg({ before: [exif(9)] }),
    format,
    codes: ['orientation_invalid'],
  },
  {
    name: 'cmyk.jpg',
    make: () => noise().toColourspace('cmyk').jpeg().toBuffer(),
    format,
    facts: { colourSpace: 'cmyk', channels: 4, bitDepth: 8 },
  },
  {
    name: 'ycck.jpg',
    make: async () => {
      const bytes = await noise().toColourspace('cmyk').jpeg().toBuffer();
      // Adobe's segment ends with the transform of the colours.
      bytes.writeUInt8(2, bytes.indexOf('Adobe') + 11);
      return bytes;
    },
    format,
    facts: { colourSpace: 'ycck', channels: 4 },
  },
  {
    name: 'progressive.jpg',
    make: () => noise().jpeg({ progressive: true }).toBuffer(),
    format,
    facts: { progressive: true, colourSpace: 'ycbcr' },
  },
  {
    name: 'a-scan-for-each-component.jpg',
    make: () => jpegOfScans(SEQUENTIAL, [{ components: [1] }, { components: [2] }, { components: [3] }]),
    format,
  },
  {
    name: 'one-scan-for-all-components.jpg',
    make: () => jpegOfScans(SEQUENTIAL, [{ components: [1, 2, 3] }]),
    format,
  },
  ...[1, 2, 3].map(
    (missing): OddFile => ({
      name: `no-scan-for-component-${missing}.jpg`,
      make: () =>
        jpegOfScans(
          SEQUENTIAL,
          [1, 2, 3].filter((id) => id !== missing).map((id) => ({ components: [id] })),
        ),
      format,
      integrity: 'corrupt data',
      codes: ['jpeg_component_missing'],
    }),
  ),
  { name: 'all-passes.jpg', make: () => withoutPasses(), format, facts: { progressive: true } },
  {
    name: 'no-mean-values-for-component-3.jpg',
    make: () => jpegOfScans(PROGRESSIVE, [{ components: [1, 2], sends: [0, 0, 0] }, ...passes.slice(2)]),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_component_missing'],
  },
  ...[
    ['first-pass-only', passes.slice(1).map((_, index) => index + 1)],
    ['no-last-pass', [passes.length - 1]],
    ['no-last-bit-of-mean-values', [1]],
    ['nothing-but-mean-values-of-component-2', [5, 6, 7]],
  ].map(
    ([name, gone]): OddFile => ({
      name: `${name as string}.jpg`,
      make: () => withoutPasses(...(gone as number[])),
      format,
      codes: ['jpeg_progression_incomplete'],
    }),
  ),
  {
    name: 'restarts.jpg',
    make: () => greyJpeg({ width: 80, restarts: [0, 1, 2, 3, 4, 5, 6, 7, 0] }),
    format,
  },
  {
    name: 'restart-missing.jpg',
    make: () => greyJpeg({ restarts: [0, 1] }),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_restart_marker_missing'],
  },
  {
    name: 'restart-order.jpg',
    make: () => greyJpeg({ restarts: [0, 2, 1] }),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_restart_marker_missing'],
  },
  {
    name: 'height-too-small.jpg',
    make: async () => withHeight(64, await noise().jpeg().toBuffer()),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_data_left'],
  },
  {
    name: 'height-too-large.jpg',
    make: () => withHeight(72, greyJpeg({ width: 640, height: 64 })),
    format,
    integrity: 'truncated',
    codes: ['jpeg_data_short'],
  },
  {
    name: 'restarts-behind-the-last-block.jpg',
    make: () => greyJpeg({ restarts: [0, 1, 2, 3, 4, 5, 6, 7, 0] }),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_data_left'],
  },
  {
    name: 'no-code.jpg',
    make: () => greyJpeg({ width: 80, scan: Buffer.from('0000ff00000000', 'hex') }),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_code_invalid'],
  },
  {
    name: 'filled-up.jpg',
    make: () => greyJpeg({ scan: Buffer.from('0000ff00000000000000000000000000', 'hex') }),
    format,
    codes: ['jpeg_bytes_left'],
  },
  {
    name: 'filled-up-with-much.jpg',
    make: () => greyJpeg({ scan: Buffer.alloc(3_000) }),
    format,
    codes: ['jpeg_bytes_left'],
  },
  {
    name: 'filled-up-with-other-data.jpg',
    make: () => greyJpeg({ scan: Buffer.from('\0is four blocks, and this is no padding') }),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_data_left'],
  },
  {
    name: 'no-eoi.jpg',
    make: () => greyJpeg().subarray(0, -2),
    format,
    integrity: 'truncated',
    codes: ['jpeg_missing_eoi'],
  },
  {
    name: 'no-eoi-and-another.jpg',
    make: () => Buffer.concat([greyJpeg().subarray(0, -2), greyJpeg()]),
    format,
    integrity: 'truncated',
    codes: ['jpeg_missing_eoi'],
  },
  {
    name: 'reserved-marker-behind-the-scan.jpg',
    make: () => Buffer.concat([greyJpeg().subarray(0, -2), Buffer.from('ff5a1234', 'hex'), EOI]),
    format,
    codes: ['jpeg_garbage_between_segments'],
  },
  {
    name: 'reserved-marker-in-the-scan.jpg',
    make: () => {
      const bytes = greyJpeg({ width: 1000, height: 8 });
      Buffer.from('ff5a', 'hex').copy(bytes, bytes.length - 20);
      return bytes;
    },
    format,
    integrity: 'truncated',
    codes: ['jpeg_garbage_between_segments', 'jpeg_data_short'],
  },
  {
    name: 'no-sos.jpg',
    make: () => Buffer.concat([greyHeaders(), EOI]),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_missing_sos'],
  },
  {
    name: 'nothing-in-it.jpg',
    make: () => Buffer.from('ffd8ffd9', 'hex'),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_missing_sof'],
  },
  {
    name: 'segment-too-long.jpg',
    make: () => Buffer.concat([greyHeaders(), Buffer.from('ffe5ffff0000', 'hex'), EOI]),
    format,
    integrity: 'truncated',
    codes: ['jpeg_segment_outside_file'],
  },
  {
    name: 'segment-of-length-1.jpg',
    make: () => greyJpeg({ before: [Buffer.from('ffe50001', 'hex')] }),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_segment_invalid'],
  },
  {
    name: 'many-segments.jpg',
    make: () => greyJpeg({ before: [Buffer.alloc(600_000, Buffer.from('ffe50002', 'hex'))] }),
    format,
    integrity: 'corrupt data',
    codes: ['too_many_parts'],
  },
  {
    name: 'as-many-scans-as-may-be.jpg',
    make: () => manyScans(500),
    format,
    facts: { progressive: true },
  },
  {
    name: 'a-scan-too-many.jpg',
    make: () => manyScans(501),
    format,
    integrity: 'corrupt data',
    codes: ['too_many_parts'],
  },
  {
    name: 'scan-bomb.jpg',
    make: () => manyScans(90_000),
    format,
    integrity: 'corrupt data',
    codes: ['too_many_parts'],
  },
  {
    name: 'soi-inside.jpg',
    make: () => greyJpeg({ afterHeaders: Buffer.from('ffd8', 'hex') }),
    format,
    integrity: 'corrupt data',
    codes: ['jpeg_unexpected_marker'],
  },
  {
    name: 'garbage-between.jpg',
    make: () => greyJpeg({ afterHeaders: Buffer.from('garbage') }),
    format,
    codes: ['jpeg_garbage_between_segments'],
  },
  {
    name: 'profile.jpg',
    make: () => greyJpeg({ before: [iccPart(emptyProfile())] }),
    format,
    facts: { iccState: 'valid' },
  },
  {
    name: 'garbage-profile.jpg',
    make: () => greyJpeg({ before: [iccPart(Buffer.alloc(500, 'garbage'))] }),
    format,
    codes: ['icc_garbage'],
    facts: { iccState: 'garbage' },
  },
  {
    name: 'almost-a-profile.jpg',
    make: () => greyJpeg({ before: [iccPart(emptyProfile().fill('bcsp', 36, 40))] }),
    format,
    codes: ['icc_garbage'],
  },
  {
    name: 'half-a-profile.jpg',
    make: () => greyJpeg({ before: [iccPart(emptyProfile(), 1, 2)] }),
    format,
    codes: ['icc_garbage'],
  },
  {
    name: 'jpeg-and-zip.jpg',
    make: () => after(zip),
    format,
    codes: ['trailing_bytes'],
    facts: { trailingBytes: 22 },
  },
  {
    name: 'jpeg-and-html.jpg',
    make: () => after(Buffer.from('<script>')),
    format,
    codes: ['trailing_bytes'],
  },
  {
    name: 'camera.mpo',
    make: () => Buffer.concat([greyJpeg({ before: [segment(0xe2, 'MPF\0MM\0*\0\0\0\x08')] }), greyJpeg()]),
    format,
    codes: ['mpo'],
    facts: { frames: 2, trailingBytes: 0 },
  },
  { name: 'indexed.mpo', make: () => multiPicture(greyJpeg()), format, codes: ['mpo'], facts: { frames: 2 } },
  {
    name: 'cut-in-its-second-picture.mpo',
    make: () => multiPicture(greyJpeg()).subarray(0, -10),
    format,
    integrity: 'truncated',
    codes: ['mpo_picture_outside_file', 'mpo', 'trailing_bytes'],
  },
  {
    name: 'less-filling-than-indexed.mpo',
    make: () => multiPicture(greyJpeg(), 10_000),
    format,
    codes: ['mpo'],
    facts: { frames: 2 },
  },
  {
    name: 'without-its-second-picture.mpo',
    make: () => multiPicture(Buffer.alloc(0), 10_000),
    format,
    codes: ['mpo_picture_missing', 'mpo'],
    facts: { frames: 1 },
  },
  {
    name: 'no-picture-where-indexed.mpo',
    make: () => multiPicture(Buffer.from('other data'), 10_000),
    format,
    codes: ['mpo', 'trailing_bytes'],
  },
  {
    name: 'two-pictures.jpg',
    make: () => after(greyJpeg()),
    format,
    codes: ['second_image'],
    facts: { frames: 2 },
  },
  {
    name: 'two-pictures-and-more.jpg',
    make: () => after(Buffer.alloc(100), greyJpeg(), zip),
    format,
    codes: ['second_image', 'trailing_bytes'],
    facts: { frames: 2, trailingBytes: 22 },
  },
  { name: 'a-pixel-too-wide.jpg', make: () => greyJpeg({ width: 1001 }), format, tooLarge: '1001x8' },
  { name: 'as-wide-as-may-be.jpg', make: () => greyJpeg({ width: 1000 }), format },
];
