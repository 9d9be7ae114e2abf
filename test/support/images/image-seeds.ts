import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { bmpOf, icoOf, iconBitmap } from './bitmaps.ts';
import { animationControl, chunk, frameControl, header, png } from './odd-files/png-parts.ts';

/** A picture with detail, because a flat one is so small that most cuts hit headers. The same pixels in each run. */
export function noise(width = 160, height = 120): Sharp {
  const next = createRandom(width * height);
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => 64 + next(128));
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** Whole numbers from 0 to below `below`, the same in each run (Lehmer's generator). */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** `count` frames, one below the other, as sharp expects animations. */
export function frames(count: number, side = 40): Sharp {
  const next = createRandom(count);
  const pixels = Uint8Array.from({ length: side * side * count * 3 }, () => next(256));
  return sharp(pixels, { raw: { width: side, height: side * count, channels: 3, pageHeight: side } });
}

/** Three frames of noise in grey, each as a zlib stream of its own. */
function animatedPng(): Promise<Buffer> {
  const size = { width: 40, height: 40 };
  const next = createRandom(40);
  const stream = () =>
    deflateSync(Uint8Array.from({ length: 40 * 41 }, (_, at) => (at % 41 === 0 ? next(5) : next(256))));
  const frame = (sequence: number) => [
    frameControl(sequence, size),
    chunk('fdAT', Buffer.concat([Buffer.from([0, 0, 0, sequence + 1]), stream()])),
  ];
  const still = [frameControl(0, size), chunk('IDAT', stream())];
  return Promise.resolve(png(header(size), animationControl(3), ...still, ...frame(1), ...frame(3)));
}

/** Whole pictures of each format and kind that is decoded. */
export const SEEDS: Record<string, () => Promise<Buffer>> = {
  'a baseline JPEG': () => noise().jpeg().toBuffer(),
  'a progressive JPEG': () => noise().jpeg({ progressive: true }).toBuffer(),
  'a grey JPEG': () => noise().toColourspace('b-w').jpeg().toBuffer(),
  'a CMYK JPEG': () => noise().toColourspace('cmyk').jpeg().toBuffer(),
  'a JPEG with EXIF orientation': () => noise().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  'a PNG': () => noise().png().toBuffer(),
  'an interlaced PNG': () => noise().png({ progressive: true }).toBuffer(),
  'an animated PNG': animatedPng,
  'a WebP': () => noise().webp().toBuffer(),
  'a lossless WebP': () => noise().webp({ lossless: true }).toBuffer(),
  'a GIF': () => noise().gif().toBuffer(),
  'an animated GIF': () =>
    frames(3)
      .gif({ delay: [10, 10, 10] })
      .toBuffer(),
  'an animated WebP': () =>
    frames(3)
      .webp({ delay: [10, 10, 10] })
      .toBuffer(),
  'a TIFF': () => noise().tiff({ compression: 'lzw' }).toBuffer(),
  'a tiled TIFF': () => noise().tiff({ compression: 'none', tile: true }).toBuffer(),
  'a BMP': () => Promise.resolve(bmpOf({ bits: 24 })),
  'a BMP of four bits': () => Promise.resolve(bmpOf({ bits: 4 })),
  'an icon': () => Promise.resolve(icoOf(iconBitmap(24), iconBitmap(4))),
  'an AVIF': () => noise(64, 48).avif({ effort: 0 }).toBuffer(),
};
