/** A picture of 13 × 7 whose colours all depths can hold: each sample is 0 or 255. */
export const SIZE = { width: 13, height: 7 };

type Colour = readonly [red: number, green: number, blue: number];

/** The eight colours, by their index. */
const COLOURS: readonly Colour[] = Array.from({ length: 8 }, (_, index) => [
  (index & 1) * 255,
  ((index >> 1) & 1) * 255,
  ((index >> 2) & 1) * 255,
]);

/** The index of the colour of a pixel, among the first `count`. No two rows are alike. */
export const indexAt = (x: number, y: number, count = 8): number => (x * 3 + y * 5 + ((x * y) % 3)) % count;

interface Kind {
  readonly bits: number;
  readonly isTopDown?: boolean;
  readonly compression?: number;
  readonly headerBytes?: 12 | 40 | 56 | 108;
  /** Masks of red, green, blue and alpha. */
  readonly masks?: readonly number[];
}

/** Colours of the picture that a depth can hold. */
const countOf = (bits: number): number => Math.min(8, 2 ** bits);

/** The picture as a BMP. `data` replaces its rows. */
export function bmpOf(kind: Kind, data = rowsOf(kind)): Buffer {
  const dib = headerOf(kind, SIZE.height);
  const file = Buffer.alloc(14);
  file.write('BM', 0, 'latin1');
  file.writeUInt32LE(14 + dib.length + data.length, 2);
  file.writeUInt32LE(14 + dib.length, 10);
  return Buffer.concat([file, dib, data]);
}

/** Header, masks and palette. An icon counts the rows of its mask, too. */
export function headerOf(
  { bits, isTopDown = false, compression = 0, headerBytes = 40, masks = [] }: Kind,
  height: number,
): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(headerBytes, 0);
  const isCore = headerBytes === 12;
  if (isCore) {
    header.writeUInt16LE(SIZE.width, 4);
    header.writeUInt16LE(height, 6);
    header.writeUInt16LE(1, 8);
    header.writeUInt16LE(bits, 10);
  } else {
    header.writeInt32LE(SIZE.width, 4);
    header.writeInt32LE(isTopDown ? -height : height, 8);
    header.writeUInt16LE(1, 12);
    header.writeUInt16LE(bits, 14);
    header.writeUInt32LE(compression, 16);
  }
  const ofMasks = Buffer.alloc(4 * masks.length);
  for (const [at, mask] of masks.entries()) ofMasks.writeUInt32LE(mask, 4 * at);
  if (headerBytes > 40) ofMasks.copy(header, 40);
  const palette = Buffer.alloc(bits > 8 ? 0 : 2 ** bits * (isCore ? 3 : 4));
  const colours = bits > 8 ? [] : COLOURS.slice(0, countOf(bits));
  for (const [index, [red, green, blue]] of colours.entries())
    palette.set([blue, green, red], index * (isCore ? 3 : 4));
  return Buffer.concat([header, headerBytes > 40 ? Buffer.alloc(0) : ofMasks, palette]);
}

/** The rows as they are stored, each filled up to four bytes. Alpha is opaque. */
function rowsOf({ bits, isTopDown = false, masks }: Kind): Buffer {
  const rowBytes = Math.ceil((SIZE.width * bits) / 32) * 4;
  const rows = Buffer.alloc(rowBytes * SIZE.height);
  const components = masks ?? (bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]);
  for (let y = 0; y < SIZE.height; y += 1) {
    const row = rowBytes * (isTopDown ? y : SIZE.height - 1 - y);
    for (let x = 0; x < SIZE.width; x += 1) {
      const index = indexAt(x, y, countOf(bits));
      const value =
        bits <= 8
          ? index
          : components.reduce((sum, mask, at) => sum + ((COLOURS[index]?.[at] ?? 255) > 0 ? mask : 0), 0);
      const bit = x * bits;
      if (bits < 8)
        rows[row + (bit >> 3)] = (rows[row + (bit >> 3)] ?? 0) | (value << (8 - bits - (bit & 7)));
      else rows.writeUIntLE(value, row + bit / 8, bits / 8);
    }
  }
  return rows;
}

/** The picture as RGB of 8 bits. */
export function samplesOf(bits: number): Buffer {
  const pixels = Array.from({ length: SIZE.width * SIZE.height }, (_, pixel) =>
    indexAt(pixel % SIZE.width, Math.floor(pixel / SIZE.width), countOf(bits)),
  );
  return Buffer.from(pixels.flatMap((index) => COLOURS[index] ?? []));
}

/** An icon of these images. */
export function icoOf(...images: readonly Buffer[]): Buffer {
  const directory = Buffer.alloc(6 + 16 * images.length);
  directory.writeUInt16LE(1, 2);
  directory.writeUInt16LE(images.length, 4);
  let at = directory.length;
  for (const [index, { length }] of images.entries()) {
    directory.writeUInt32LE(length, 6 + 16 * index + 8);
    directory.writeUInt32LE(at, 6 + 16 * index + 12);
    at += length;
  }
  return Buffer.concat([directory, ...images]);
}

/** The picture as an icon stores it, with a mask that makes its first row transparent. */
export function iconBitmap(bits: number): Buffer {
  const mask = Buffer.alloc(4 * SIZE.height);
  mask.fill(0xff, mask.length - 4);
  return Buffer.concat([
    headerOf({ bits }, 2 * SIZE.height),
    rowsOf({ bits, ...(bits === 32 && { masks: [0xff0000, 0xff00, 0xff, 0xff000000] }) }),
    mask,
  ]);
}
