import { frames, noise } from '../image-seeds.ts';
import type { OddFile } from './odd-file.ts';

const TRAILER = Buffer.from([0x3b]);

/** Version, logical screen, and a table of two colours. */
function screen(width = 1, height = 1): Buffer {
  const bytes = Buffer.concat([
    Buffer.from('GIF89a'),
    Buffer.from([0, 0, 0, 0, 0x80, 0, 0]),
    Buffer.alloc(6),
  ]);
  bytes.writeUInt16LE(width, 6);
  bytes.writeUInt16LE(height, 8);
  return bytes;
}

/** A clear code, a pixel of the first colour, and the end code. With code size 2 they have three bits each. */
const [CLEAR, PIXEL, END] = [4, 0, 5];

/** `codes` are one pixel by default. They must fit into one sub-block and keep three bits each. */
function frame({
  left = 0,
  top = 0,
  width = 1,
  height = 1,
  codeSize = 2,
  codes = [CLEAR, PIXEL, END],
} = {}): Buffer {
  const descriptor = Buffer.alloc(10);
  descriptor[0] = 0x2c;
  descriptor.writeUInt16LE(left, 1);
  descriptor.writeUInt16LE(top, 3);
  descriptor.writeUInt16LE(width, 5);
  descriptor.writeUInt16LE(height, 7);
  const data = pack(codes);
  return Buffer.concat([descriptor, Buffer.from([codeSize, data.length]), data, Buffer.from([0])]);
}

/** Packs codes of three bits. The first code is in the lowest bits. */
function pack(codes: readonly number[]): Buffer {
  const data = Buffer.alloc(Math.ceil((codes.length * 3) / 8));
  for (let bit = 0; bit < codes.length * 3; bit += 1) {
    const isSet = (((codes[Math.floor(bit / 3)] ?? 0) >> (bit % 3)) & 1) === 1;
    if (isSet) data[bit >> 3] = (data[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
  return data;
}

const gif = (...blocks: Buffer[]) => Buffer.concat([screen(), ...blocks, TRAILER]);
const line = (codes: number[], width = 4) =>
  Buffer.concat([screen(width, 1), frame({ width, codes }), TRAILER]);

/** A picture whose data has only the chosen sub-blocks. Nothing else is missing. */
async function withoutBlocks(choose: (blocks: Buffer[]) => Buffer[]): Promise<Buffer> {
  const bytes = await noise().gif({ colours: 256 }).toBuffer();
  const start = bytes.lastIndexOf(Buffer.from([0x2c, 0, 0, 0, 0, 160, 0, 120, 0])) + 11;
  const blocks: Buffer[] = [];
  let at = start;
  for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) {
    blocks.push(bytes.subarray(at, at + 1 + length));
    at += 1 + length;
  }
  return Buffer.concat([bytes.subarray(0, start), ...choose(blocks), bytes.subarray(at)]);
}

function riff(...chunks: Buffer[]): Buffer {
  const bytes = Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBP', 'latin1'), ...chunks]);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  return bytes;
}

/** The chunk VP8X: flags, then width - 1 and height - 1 in three bytes each. */
function canvas(flags: number, width: number, height: number): Buffer {
  const bytes = Buffer.concat([Buffer.from('VP8X\x0a\0\0\0', 'latin1'), Buffer.alloc(10)]);
  bytes[8] = flags;
  bytes.writeUIntLE(width - 1, 12, 3);
  bytes.writeUIntLE(height - 1, 15, 3);
  return bytes;
}

/** The chunk of a simple file. */
const imageChunk = async () => (await noise(16, 16).webp().toBuffer()).subarray(12);

const sides = [60_000, 65_535];

export const GIF_FILES: readonly OddFile[] = [
  ...sides.map(
    (side): OddFile => ({
      name: `bomb-${side}.gif`,
      make: () => Buffer.concat([screen(side, side), frame({ width: side, height: side }), TRAILER]),
      format: 'GIF',
      integrity: 'truncated',
      codes: ['gif_pixels_missing'],
      tooLarge: `${side}x${side}`,
    }),
  ),
  { name: 'minimal.gif', make: () => gif(frame()), format: 'GIF', facts: { frames: 1, animated: false } },
  {
    name: 'animated.gif',
    make: () =>
      frames(3)
        .gif({ delay: [10, 10, 10] })
        .toBuffer(),
    format: 'GIF',
    codes: ['animated'],
    facts: { frames: 3, animated: true },
  },
  {
    name: 'gif-and-script.gif',
    make: () => Buffer.concat([gif(frame()), Buffer.from('=1;alert(1)')]),
    format: 'GIF',
    codes: ['trailing_bytes'],
    facts: { trailingBytes: 11 },
  },
  {
    name: 'no-trailer.gif',
    make: () => gif(frame()).subarray(0, -1),
    format: 'GIF',
    integrity: 'truncated',
    codes: ['gif_missing_trailer'],
  },
  {
    name: 'no-frame.gif',
    make: () => gif(),
    format: 'GIF',
    integrity: 'corrupt data',
    codes: ['gif_no_frames'],
  },
  {
    name: 'unknown-block.gif',
    make: () => gif(frame(), Buffer.from([0x99])),
    format: 'GIF',
    integrity: 'corrupt data',
    codes: ['gif_unknown_block'],
  },
  {
    name: 'whole-line.gif',
    make: () => line([CLEAR, PIXEL, PIXEL, CLEAR, PIXEL, PIXEL, END]),
    format: 'GIF',
  },
  // Four pixels in three codes. Code 6 stands for the sequence that it completes itself.
  { name: 'repeated.gif', make: () => line([CLEAR, PIXEL, 6, PIXEL, END]), format: 'GIF' },
  { name: 'no-end-code.gif', make: () => line([CLEAR, PIXEL, 6, PIXEL]), format: 'GIF' },
  { name: 'no-clear-code.gif', make: () => line([PIXEL, 6, PIXEL, END]), format: 'GIF' },
  { name: 'codes-left-over.gif', make: () => line([CLEAR, PIXEL, 6, PIXEL, 7, 7, 7, 7]), format: 'GIF' },
  {
    name: 'a-pixel-too-few.gif',
    make: () => line([CLEAR, PIXEL, 6, END]),
    format: 'GIF',
    integrity: 'truncated',
    codes: ['gif_pixels_missing'],
  },
  {
    name: 'half-of-its-pixels.gif',
    make: () => withoutBlocks((blocks) => blocks.slice(0, blocks.length / 2)),
    format: 'GIF',
    integrity: 'truncated',
    codes: ['gif_pixels_missing'],
  },
  {
    name: 'a-block-lost.gif',
    make: () => withoutBlocks((blocks) => blocks.slice(0, -1)),
    format: 'GIF',
    integrity: 'truncated',
    codes: ['gif_pixels_missing'],
  },
  {
    name: 'no-pixels.gif',
    make: () => line([END]),
    format: 'GIF',
    integrity: 'truncated',
    codes: ['gif_pixels_missing'],
  },
  {
    name: 'second-frame-too-short.gif',
    make: () =>
      Buffer.concat([line([CLEAR, PIXEL, 6, PIXEL, END]).subarray(0, -1), frame({ width: 2 }), TRAILER]),
    format: 'GIF',
    integrity: 'truncated',
    codes: ['gif_pixels_missing', 'animated'],
  },
  {
    name: 'unknown-code.gif',
    make: () => line([CLEAR, PIXEL, 7, PIXEL, END]),
    format: 'GIF',
    integrity: 'corrupt data',
    codes: ['gif_code_invalid'],
  },
  {
    name: 'zeros-before-its-end.gif',
    make: () => gif(frame(), frame(), Buffer.from([0, 0])),
    format: 'GIF',
    codes: ['animated'],
    facts: { frames: 2 },
  },
  {
    name: 'empty-frame.gif',
    make: () => gif(frame(), frame({ width: 0 })),
    format: 'GIF',
    codes: ['gif_empty_frame', 'animated'],
  },
  {
    name: 'frame-beyond.gif',
    make: () => gif(frame({ width: 2, codes: [CLEAR, PIXEL, PIXEL, END] })),
    format: 'GIF',
    codes: ['gif_frame_outside_screen'],
    facts: { width: 2, height: 1 },
  },
  {
    name: 'second-frame-beyond.gif',
    make: () => gif(frame(), frame({ top: 1 })),
    format: 'GIF',
    codes: ['gif_frame_outside_screen', 'animated'],
    facts: { width: 1, height: 2 },
  },
  {
    name: 'frame-of-60000-on-a-screen-of-10.gif',
    make: () => Buffer.concat([screen(10, 10), frame({ width: 60_000, height: 60_000 }), TRAILER]),
    format: 'GIF',
    integrity: 'truncated',
    codes: ['gif_frame_outside_screen', 'gif_pixels_missing'],
    tooLarge: '60000x60000',
    facts: { width: 60_000, height: 60_000 },
  },
  {
    name: 'frame-in-a-corner.gif',
    make: () => Buffer.concat([screen(3, 2), frame({ left: 2, top: 1 }), TRAILER]),
    format: 'GIF',
  },
  {
    name: 'code-size-12.gif',
    make: () => gif(frame({ codeSize: 12 })),
    format: 'GIF',
    integrity: 'corrupt data',
    codes: ['undecodable', 'gif_lzw_code_size'],
  },
];

export const WEBP_FILES: readonly OddFile[] = [
  ...sides.map(
    (side): OddFile => ({
      name: `bomb-${side}.webp`,
      make: async () => riff(canvas(0, side, side), await imageChunk()),
      format: 'WEBP',
      integrity: 'not_checked',
      codes: ['too_large_to_decode'],
      tooLarge: `${side}x${side}`,
    }),
  ),
  {
    name: 'lossless.webp',
    make: () => noise().ensureAlpha(0.5).webp({ lossless: true }).toBuffer(),
    format: 'WEBP',
    facts: { colourSpace: 'rgb', hasAlpha: true, channels: 4 },
  },
  {
    name: 'animated.webp',
    make: () =>
      frames(3)
        .webp({ delay: [10, 10, 10] })
        .toBuffer(),
    format: 'WEBP',
    codes: ['animated'],
    facts: { frames: 3, animated: true, colourSpace: 'ycbcr' },
  },
  {
    name: 'turned.webp',
    make: () => noise(32, 8).withMetadata({ orientation: 8 }).webp().toBuffer(),
    format: 'WEBP',
    facts: { orientation: 8, displayed: { width: 8, height: 32 }, iccState: 'valid' },
  },
  {
    name: 'trailing.webp',
    make: async () => Buffer.concat([riff(await imageChunk()), Buffer.from('PK')]),
    format: 'WEBP',
    codes: ['trailing_bytes'],
    facts: { trailingBytes: 2 },
  },
  {
    name: 'riff-too-long.webp',
    make: async () => riff(await imageChunk()).subarray(0, -20),
    format: 'WEBP',
    integrity: 'truncated',
    codes: ['webp_size_mismatch'],
  },
  {
    name: 'chunk-too-long.webp',
    make: async () => {
      const bytes = riff(await imageChunk());
      bytes.writeUInt32LE(bytes.length, 16);
      return bytes;
    },
    format: 'WEBP',
    integrity: 'corrupt data',
    codes: ['webp_chunk_outside_file'],
  },
  {
    name: 'no-picture.webp',
    make: () => riff(canvas(0, 16, 16)),
    format: 'WEBP',
    integrity: 'corrupt data',
    codes: ['webp_missing_image'],
  },
  {
    name: 'profile-announced.webp',
    make: async () => riff(canvas(0x20, 16, 16), await imageChunk()),
    format: 'WEBP',
    codes: ['webp_inconsistent'],
  },
];
