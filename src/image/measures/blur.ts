import type { Measures } from '../../domain/image-facts.ts';
import { premultipliedRowsOf, unpremultiply } from './alpha.ts';
import { greyRowsOf } from './grey.ts';
import { type Pixels, pixelsOf, rowsOf } from './pixels.ts';
import { resample } from './resample.ts';
import { BICUBIC } from './resample-weights.ts';

/** Longer side of the picture that is measured, px. */
const MAX_SIDE = 64;

/**
 * CleanVision's blurriness of the picture in grey at 64 px: the standard deviation of its edges, and
 * that of the counts in its histogram. One level in one pixel changes the second by thousandths. So
 * every step before it equals Pillow's to the bit.
 */
export function measureBlur(pixels: Pixels): NonNullable<Measures['blur']> {
  const grey = pixelsOf(greyRowsOf(shrink(pixels)));
  return { edges: deviationOfEdges(grey), spread: deviationOfCounts(grey.data) };
}

function shrink(pixels: Pixels): Pixels {
  const { width, height, channels } = pixels;
  const longer = Math.max(width, height);
  if (longer <= MAX_SIDE) return pixels;
  const side = (length: number) => Math.max(1, Math.floor((length * MAX_SIDE) / longer));
  const hasAlpha = channels === 2 || channels === 4;
  const rows = hasAlpha ? premultipliedRowsOf(pixels) : rowsOf(pixels);
  const small = resample(rows, side(width), side(height), BICUBIC);
  if (hasAlpha) unpremultiply(small);
  return small;
}

/**
 * The standard deviation of the edges. An edge is eight times a pixel less its eight neighbours, limited to 0 to 255.
 * Pixels at the border stay as they are, as in Pillow.
 */
function deviationOfEdges({ data, width, height }: Pixels): number {
  const at = (x: number, y: number) => data[y * width + x] ?? 0;
  let [sum, sumOfSquares] = [0, 0];
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      let edge = at(x, y);
      if (x > 0 && y > 0 && x < width - 1 && y < height - 1) {
        edge *= 9;
        for (let row = y - 1; row <= y + 1; row += 1) edge -= at(x - 1, row) + at(x, row) + at(x + 1, row);
        edge = Math.min(255, Math.max(0, edge));
      }
      sum += edge;
      sumOfSquares += edge * edge;
    }
  const count = width * height;
  return Math.sqrt((sumOfSquares - sum ** 2 / count) / count);
}

function deviationOfCounts(data: Uint8Array): number {
  const counts = new Float64Array(256);
  for (const value of data) counts[value] = (counts[value] ?? 0) + 1;
  const mean = data.length / 256;
  return Math.sqrt(counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / 256);
}
