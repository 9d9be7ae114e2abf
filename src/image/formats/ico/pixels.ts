import type { Pixels } from '../../measures/pixels.ts';
import { type BitmapFault, readBitmap, rowBytesOf } from '../bmp/bitmap.ts';
import { componentOf } from '../bmp/masks.ts';
import { readBitmapPixels } from '../bmp/pixels.ts';

const ALPHA = componentOf(0xff_00_00_00);

/**
 * The samples of a bitmap in an icon, as RGBA. Behind its rows is a mask with one bit for each pixel, which is 1 if the pixel is
 * transparent. A bitmap of 32 bits has its own alpha, so readers ignore its mask. Null: the data ends before the picture does.
 * @throws {RangeError} if the header is cut off
 */
export function readIconBitmap(bytes: Buffer, at: number): Pixels | BitmapFault | null {
  const stored = readBitmap(bytes, at, null);
  if (typeof stored === 'string') return stored;
  const hasAlpha = stored.bits === 32;
  const bitmap = {
    ...stored,
    height: Math.floor(stored.height / 2),
    masks: hasAlpha && stored.masks?.length === 3 ? [...stored.masks, ALPHA] : stored.masks,
  };
  const pixels = readBitmapPixels(bytes, bitmap);
  if (pixels === null || hasAlpha) return pixels;
  const { width, height } = bitmap;
  const rowBytes = rowBytesOf({ width, bits: 1 });
  const maskAt = bitmap.dataAt + rowBytesOf(bitmap) * height;
  if (maskAt + rowBytes * height > bytes.length) return null;
  const data = Buffer.allocUnsafe(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const row = maskAt + rowBytes * (bitmap.isTopDown ? y : height - 1 - y);
    const isTransparent = (((bytes[row + (x >> 3)] as number) >> (7 - (x & 7))) & 1) === 1;
    for (let channel = 0; channel < 3; channel += 1) {
      const from = pixel * pixels.channels + (pixels.channels === 1 ? 0 : channel);
      data[4 * pixel + channel] = pixels.data[from] as number;
    }
    data[4 * pixel + 3] = isTransparent ? 0 : 255;
  }
  return { width, height, channels: 4, data };
}
