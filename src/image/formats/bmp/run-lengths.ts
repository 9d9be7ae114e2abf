import type { Bitmap } from './bitmap.ts';

/** Encoders fill up rows to whole bytes or words. A run that goes farther beyond its row has lost its place. */
const MOST_BEYOND_ROW = 3;

const END_OF_ROW = 0;
const END_OF_PICTURE = 1;
const MOVE = 2;

/**
 * The indices of a picture in run lengths (Microsoft's RLE8 and RLE4), top row first. A code may leave pixels out, and they
 * have index 0. Readers cut runs off that are longer than their row. Null: the data ends before the picture does.
 */
export function readRunLengths(
  bytes: Buffer,
  { width, height, bits, isTopDown, dataAt }: Bitmap,
): Buffer | null {
  const indices = Buffer.alloc(width * height);
  const perByte = 8 / bits;
  let [x, y, at] = [0, 0, dataAt];
  let hasLostPlace = false;

  function put(index: number): void {
    if (x < width) indices[(isTopDown ? y : height - 1 - y) * width + x] = index;
    else if (x >= width + MOST_BEYOND_ROW) hasLostPlace = true;
    x += 1;
  }

  while (y < height) {
    const [count, value] = [bytes[at], bytes[at + 1]];
    // A picture may end with its last pixel, without a code that says so.
    if (count === undefined || value === undefined) return y === height - 1 && x >= width ? indices : null;
    at += 2;
    if (count > 0) {
      // In RLE4 two indices take turns.
      const pair = bits === 8 ? [value, value] : [value >> 4, value & 15];
      for (let pixel = 0; pixel < count; pixel += 1) put(pair[pixel % 2] as number);
    } else if (value === END_OF_ROW) [x, y] = [0, y + 1];
    else if (value === END_OF_PICTURE) return hasLostPlace && y < height - 1 ? null : indices;
    else if (value === MOVE) {
      const [right, up] = [bytes[at], bytes[at + 1]];
      if (right === undefined || up === undefined) return null;
      [x, y, at] = [x + right, y + up, at + 2];
    } else {
      // Indices one by one, filled up to two bytes.
      for (let pixel = 0; pixel < value; pixel += 1) {
        const byte = bytes[at + Math.floor(pixel / perByte)];
        if (byte === undefined) return null;
        put(bits === 8 ? byte : pixel % 2 === 0 ? byte >> 4 : byte & 15);
      }
      at += Math.ceil(value / perByte / 2) * 2;
    }
  }
  return indices;
}
