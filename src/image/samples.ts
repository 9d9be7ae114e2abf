import type { Metadata, Sharp } from 'sharp';

/** How pictures are decoded, be it to see whether they do or to measure them. */
export const DECODING = {
  failOn: 'warning',
  limitInputPixels: false,
  sequentialRead: true,
  // Colours are taken as stored: applying the profile of a 640×427 JPEG costs 5.3 ms on top of 3.6 for its pixels.
  ignoreIcc: true,
} as const;

/** To samples of 8 bits. Grey stays grey: the library would make RGB of it, whose histogram is another. */
export function toSamples(decoder: Sharp, { space, hasAlpha }: Pick<Metadata, 'space' | 'hasAlpha'>): Sharp {
  const isGrey = !hasAlpha && (space === 'b-w' || space === 'grey16');
  return (isGrey ? decoder.toColourspace('b-w') : decoder).raw({ depth: 'uchar' });
}
