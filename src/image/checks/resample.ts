import { type Pixels, pixelsOf, type Rows, rowsOf } from './pixels.ts';
import { type Filter, PRECISION_BITS, type Weights, weightsOf } from './resample-weights.ts';

const HALF = 1 << (PRECISION_BITS - 1);

/**
 * `Image.resize` of Pillow 13 (`Resample.c`) to the last bit: fixed-point weights, one pass for the width and one for the
 * height, rounded to 8 bits in between. Alpha has to be multiplied in before. Memory: what is left after the first pass.
 */
export function resample(rows: Rows, width: number, height: number, filter: Filter): Pixels {
  const across = (from: Rows) =>
    from.width === width ? from : rowsOf(mixAcross(from, weightsOf(from.width, width, filter)));
  const down = (from: Rows) =>
    from.height === height ? from : rowsOf(mixDown(from, weightsOf(from.height, height, filter)));
  // Pillow's rule for which of the two makes less work of the other. The order shows, by the rounding in between.
  const isTall = rows.height - height > 2 * Math.max(0, rows.width - width);
  return pixelsOf(isTall ? across(down(rows)) : down(across(rows)));
}

function mixAcross(rows: Rows, weights: Weights): Pixels {
  const { data: from, height, channels } = rows;
  const stride = weights.count * channels;
  const data = new Uint8Array(height * stride);
  for (let y = 0; y < height; y += 1) {
    const start = rows.seek(y);
    const at = y * stride;
    if (channels === 3) mixColour(from, start, weights, data, at);
    else for (let c = 0; c < channels; c += 1) mixChannel(from, start + c, channels, weights, data, at + c);
  }
  return { data, width: weights.count, height, channels };
}

function mixChannel(
  from: Uint8Array,
  start: number,
  channels: number,
  { count, first, taps, weights, stride }: Weights,
  to: Uint8Array,
  at: number,
): void {
  for (let output = 0; output < count; output += 1) {
    let i = start + (first[output] ?? 0) * channels;
    let w = output * stride;
    const end = w + (taps[output] ?? 0);
    let sum = HALF;
    for (; w < end; w += 1, i += channels) sum = (sum + Math.imul(from[i] ?? 0, weights[w] ?? 0)) | 0;
    to[at + output * channels] = toByte(sum);
  }
}

/** Three channels at once take half the time of one after the other. */
function mixColour(
  from: Uint8Array,
  start: number,
  { count, first, taps, weights, stride }: Weights,
  to: Uint8Array,
  at: number,
): void {
  for (let output = 0; output < count; output += 1) {
    let i = start + (first[output] ?? 0) * 3;
    let w = output * stride;
    const end = w + (taps[output] ?? 0);
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    for (; w < end; w += 1, i += 3) {
      const weight = weights[w] ?? 0;
      red = (red + Math.imul(from[i] ?? 0, weight)) | 0;
      green = (green + Math.imul(from[i + 1] ?? 0, weight)) | 0;
      blue = (blue + Math.imul(from[i + 2] ?? 0, weight)) | 0;
    }
    to[at + output * 3] = toByte(red);
    to[at + output * 3 + 1] = toByte(green);
    to[at + output * 3 + 2] = toByte(blue);
  }
}

/** Each row is read once, and added to all that it counts for. */
function mixDown(rows: Rows, { count, first, taps, weights, stride }: Weights): Pixels {
  const { width, height, channels } = rows;
  const samples = width * channels;
  const sums = new Int32Array(count * samples).fill(HALF);
  for (let y = 0; y < height; y += 1) {
    const start = rows.seek(y);
    for (let output = 0; output < count; output += 1) {
      const tap = y - (first[output] ?? 0);
      if (tap < 0 || tap >= (taps[output] ?? 0)) continue;
      addRow(rows.data, start, weights[output * stride + tap] ?? 0, sums, output * samples, samples);
    }
  }
  return { data: Uint8Array.from(sums, toByte), width, height: count, channels };
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

/** Filters that sharpen overshoot. */
function toByte(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
