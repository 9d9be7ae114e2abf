import type { Pixels } from '../../measures/pixels.ts';
import { type Bitmap, isGrey, rowBytesOf } from './bitmap.ts';
import type { Masks } from './masks.ts';
import { readRunLengths } from './run-lengths.ts';

/** The samples of a bitmap, top row first: grey, RGB or RGBA. Null: the data ends before the picture does. */
export function readBitmapPixels(bytes: Buffer, bitmap: Bitmap): Pixels | null {
  const { width, height, bits, masks, isRunLength } = bitmap;
  if (!isRunLength && bitmap.dataAt + rowBytesOf(bitmap) * height > bytes.length) return null;
  const size = { width, height };
  if (masks !== null)
    return { ...size, channels: masks.length === 4 ? 4 : 3, data: readMasked(bytes, bitmap, masks) };
  if (bits === 24) return { ...size, channels: 3, data: readColours(bytes, bitmap) };
  const indices = isRunLength ? readRunLengths(bytes, bitmap) : readIndices(bytes, bitmap);
  if (indices === null) return null;
  const channels = isGrey(bitmap) ? 1 : 3;
  return { ...size, channels, data: paint(indices, bitmap.palette, channels) };
}

/** Where each row begins, from the top of the picture on. */
function* rowsOf(bitmap: Bitmap): Generator<number> {
  const { height, isTopDown, dataAt } = bitmap;
  const rowBytes = rowBytesOf(bitmap);
  for (let y = 0; y < height; y += 1) yield dataAt + rowBytes * (isTopDown ? y : height - 1 - y);
}

function readMasked(bytes: Buffer, bitmap: Bitmap, masks: Masks): Buffer {
  const { width, height, bits } = bitmap;
  const data = Buffer.allocUnsafe(width * height * masks.length);
  let to = 0;
  for (const row of rowsOf(bitmap)) {
    for (let x = 0; x < width; x += 1) {
      const at = row + (x * bits) / 8;
      const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
      const pixel =
        bits === 16 ? low : low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
      for (const { mask, shift, values } of masks) {
        data[to] = values[(pixel >>> shift) & mask] as number;
        to += 1;
      }
    }
  }
  return data;
}

/** Blue, green and red are stored in this order. */
function readColours(bytes: Buffer, bitmap: Bitmap): Buffer {
  const { width, height } = bitmap;
  const data = Buffer.allocUnsafe(width * height * 3);
  let to = 0;
  for (const row of rowsOf(bitmap)) {
    for (let at = row; at < row + 3 * width; at += 3, to += 3) {
      data[to] = bytes[at + 2] as number;
      data[to + 1] = bytes[at + 1] as number;
      data[to + 2] = bytes[at] as number;
    }
  }
  return data;
}

function readIndices(bytes: Buffer, bitmap: Bitmap): Buffer {
  const { width, height, bits } = bitmap;
  const indices = Buffer.allocUnsafe(width * height);
  const mask = 2 ** bits - 1;
  let to = 0;
  for (const row of rowsOf(bitmap)) {
    for (let x = 0; x < width; x += 1, to += 1) {
      const bit = x * bits;
      // The first pixel has the upper bits of a byte.
      indices[to] = ((bytes[row + (bit >> 3)] as number) >> (8 - bits - (bit & 7))) & mask;
    }
  }
  return indices;
}

/** An index without a colour is black, as readers show it. */
function paint(indices: Buffer, palette: Buffer, channels: number): Buffer {
  const colours = Buffer.alloc(3 * 256);
  palette.copy(colours);
  const data = Buffer.allocUnsafe(indices.length * channels);
  for (let pixel = 0; pixel < indices.length; pixel += 1) {
    const colour = 3 * (indices[pixel] as number);
    for (let channel = 0; channel < channels; channel += 1)
      data[pixel * channels + channel] = colours[colour + channel] as number;
  }
  return data;
}
