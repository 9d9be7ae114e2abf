import type { Measures } from '../../domain/image-facts.ts';
import type { Measure } from '../../domain/measures.ts';
import { measureBlur } from './blur.ts';
import { measureBrightness } from './brightness.ts';
import { measureEntropy } from './entropy.ts';
import { hashPerceptually } from './perceptual-hash.ts';
import { hashPixels } from './pixel-hash.ts';
import type { Pixels } from './pixels.ts';

/** How each is measured, of pictures of one pixel at least. */
const MEASURERS: { readonly [measure in Measure]: (pixels: Pixels) => NonNullable<Measures[measure]> } = {
  brightness: measureBrightness,
  entropy: measureEntropy,
  blur: measureBlur,
  pixelHash: hashPixels,
  perceptualHash: hashPerceptually,
};

/**
 * What is wanted of a picture, each in one or two passes over its pixels, which are not copied. `data` may go on after them
 * (other frames). All of it takes about 11 ns a pixel, and blocks meanwhile: it is for processes that do nothing else.
 */
export function measurePixels({ data, ...shape }: Pixels, wanted: Iterable<Measure>): Measures {
  const { buffer, byteOffset } = data;
  const pixels = {
    ...shape,
    data: new Uint8Array(buffer, byteOffset, shape.width * shape.height * shape.channels),
  };
  return Object.fromEntries([...wanted].map((measure) => [measure, MEASURERS[measure](pixels)]));
}
