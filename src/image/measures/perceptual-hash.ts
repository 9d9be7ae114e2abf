import { transform32 } from './dct.ts';
import { greyRowsOf } from './grey.ts';
import type { Pixels } from './pixels.ts';
import { resample } from './resample.ts';
import { LANCZOS } from './resample-weights.ts';

/** Sides of the picture that is transformed, and of the frequencies that are kept, px. */
const SIDE = 32;
const KEPT = 8;

/**
 * `imagehash.phash`, hex, of the picture in grey at 32×32 px. Each bit says whether one of the lowest 8×8 frequencies
 * exceeds their median. The bits go row by row, from the first bit.
 */
export function hashPerceptually(pixels: Pixels): string {
  const small = resample(greyRowsOf(pixels), SIDE, SIDE, LANCZOS);
  const lowest = lowestFrequencies(small.data);
  const sorted = lowest.toSorted();
  const median = ((sorted[31] ?? 0) + (sorted[32] ?? 0)) / 2;
  return lowest
    .reduce((bits, frequency) => (bits << 1n) | (frequency > median ? 1n : 0n), 0n)
    .toString(16)
    .padStart((KEPT * KEPT) / 4, '0');
}

/** Transforms the picture's columns, then the rows of the result. */
function lowestFrequencies(samples: Uint8Array): Float64Array {
  const byColumn = new Float64Array(KEPT * SIDE);
  const line = new Float64Array(SIDE);
  for (let x = 0; x < SIDE; x += 1) {
    for (let y = 0; y < SIDE; y += 1) line[y] = samples[y * SIDE + x] ?? 0;
    transform32(line);
    for (let y = 0; y < KEPT; y += 1) byColumn[y * SIDE + x] = line[y] ?? 0;
  }
  const lowest = new Float64Array(KEPT * KEPT);
  for (let y = 0; y < KEPT; y += 1) {
    const row = byColumn.subarray(y * SIDE, (y + 1) * SIDE);
    transform32(row);
    lowest.set(row.subarray(0, KEPT), y * KEPT);
  }
  return lowest;
}
