import { createMixRow } from './kernel.ts';
import { type Pixels, pixelsOf, type Rows, rowsOf } from './pixels.ts';
import { type Filter, PRECISION_BITS, weightsOf } from './resample-weights.ts';

const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Equals `Image.resize` of Pillow 13 (`Resample.c`) to the last bit. It has fixed-point weights, one pass for the width
 * and one for the height, and rounding to 8 bits in between. The caller multiplies colours by alpha before. It needs
 * memory for the result of the first pass.
 */
export function resample(rows: Rows, width: number, height: number, filter: Filter): Pixels {
  const across = (from: Rows) => (from.width === width ? from : rowsOf(mixAcross(from, width, filter)));
  const down = (from: Rows) => (from.height === height ? from : rowsOf(mixDown(from, height, filter)));
  // Pillow's rule for the cheaper order. The order changes the result, because of the rounding in between.
  const isTall = rows.height - height > 2 * Math.max(0, rows.width - width);
  return pixelsOf(isTall ? across(down(rows)) : down(across(rows)));
}

function mixAcross(rows: Rows, width: number, filter: Filter): Pixels {
  const { height, channels } = rows;
  const data = new Uint8Array(height * width * channels);
  for (const weights of weightsOf(rows.width, width, filter)) {
    const mixRow = createMixRow(channels, weights);
    for (let y = 0; y < height; y += 1)
      mixRow(rows.data, rows.seek(y) + weights.begin * channels, data, (y * width + weights.from) * channels);
  }
  return { data, width, height, channels };
}

/** Reads each row once and adds it to all outputs that it counts for. */
function mixDown(rows: Rows, height: number, filter: Filter): Pixels {
  const { width, channels } = rows;
  const samples = width * channels;
  const data = new Uint8Array(height * samples);
  for (const { from, count, begin, inputs, first, taps, weights, stride } of weightsOf(
    rows.height,
    height,
    filter,
  )) {
    const sums = new Int32Array(count * samples).fill(HALF);
    for (let i = 0; i < inputs; i += 1) {
      const start = rows.seek(begin + i);
      for (let output = 0; output < count; output += 1) {
        const tap = i - (first[output] ?? 0);
        if (tap < 0 || tap >= (taps[output] ?? 0)) continue;
        addRow(rows.data, start, weights[output * stride + tap] ?? 0, sums, output * samples, samples);
      }
    }
    for (let i = 0; i < sums.length; i += 1) data[from * samples + i] = toByte(sums[i] ?? 0);
  }
  return { data, width, height, channels };
}

function addRow(
  from: Uint8Array,
  start: number,
  weight: number,
  to: Int32Array,
  at: number,
  samples: number,
): void {
  for (let x = 0; x < samples; x += 1)
    to[at + x] = (to[at + x] ?? 0) + Math.imul(from[start + x] ?? 0, weight);
}

/** Sharpening filters may overshoot 0 and 255. */
function toByte(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
