import { KERNEL_BYTES } from './kernel-bytes.ts';
import type { Weights } from './resample-weights.ts';

/** The exports of `kernel.wat`. They are typed here because only TypeScript's library for browsers has WebAssembly. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  split(from: number, count: number, channels: number, mask: number, to: number, plane: number): void;
  grey(from: number, count: number, channels: number, masks: number, to: number): void;
  mix(
    row: number,
    first: number,
    upper: number,
    lower: number,
    taps: number,
    count: number,
    to: number,
    step: number,
  ): void;
}
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const PAGE_BYTES = 65_536;
/** Bytes that the kernel may read or write beyond the end of its data. */
const SLACK = 16;
const PLANES = 4;

const compiled = new WebAssembly.Module(Buffer.from(KERNEL_BYTES, 'base64'));
const start = () => new WebAssembly.Instance(compiled).exports as Kernel;
/**
 * Two instances, because a row is turned to grey while another is mixed. Each has its own
 * memory and lays it out anew for each picture.
 */
const [forGrey, forMixing] = [start(), start()];

/** Reserves a block for each of `sizes` (bytes), one after the other, at multiples of 16. Returns where the blocks begin. */
function reserve({ memory }: Kernel, sizes: readonly number[]): number[] {
  let end = 0;
  const places = sizes.map((size) => {
    const place = end;
    end += Math.ceil((size + SLACK) / 16) * 16;
    return place;
  });
  const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
  return places;
}

/** Turns `width` pixels of three or four channels, from `at` on, to grey. */
export type TurnGrey = (from: Uint8Array, at: number, to: Uint8Array) => void;

export function createTurnGrey(width: number, channels: number): TurnGrey {
  const { memory, grey } = forGrey;
  const [masks = 0, source = 0, target = 0] = reserve(forGrey, [32, width * channels, width]);
  const bytes = new Uint8Array(memory.buffer);
  for (const [i, pair] of [
    [0, 1],
    [1, 2],
  ].entries())
    for (let pixel = 0; pixel < 4; pixel += 1)
      bytes.set(
        pair.flatMap((channel) => [channel + pixel * channels, 255]),
        masks + i * 16 + pixel * 4,
      );
  const turned = bytes.subarray(target, target + width);
  return (from, at, to) => {
    bytes.set(from.subarray(at, at + width * channels), source);
    grey(source, width, channels, masks, target);
    to.set(turned);
  };
}

/** Mixes the inputs that begin at `at`, and writes the outputs from `toAt` on. */
export type MixRow = (from: Uint8Array, at: number, to: Uint8Array, toAt: number) => void;

export function createMixRow(channels: number, weights: Weights): MixRow {
  const { memory, split, mix } = forMixing;
  const { count, inputs: width } = weights;
  const taps = Math.ceil(weights.stride / 8) * 8;
  // The kernel reads beyond a row's end. The weights there are zero, so the bytes there do not matter.
  const plane = Math.ceil((width + taps) / 16) * 16 + SLACK;
  const [mask = 0, first = 0, upper = 0, lower = 0, source = 0, planes = 0, target = 0] = reserve(forMixing, [
    16,
    count * 4,
    count * taps * 2,
    count * taps * 2,
    width * channels,
    PLANES * plane,
    count * channels,
  ]);
  const bytes = new Uint8Array(memory.buffer);
  for (let i = 0; i < 16; i += 1) bytes[mask + i] = (i >> 2) + (i % 4) * channels;
  new Int32Array(memory.buffer, first, count).set(weights.first);
  storeWeights(
    weights,
    taps,
    new Int16Array(memory.buffer, upper, count * taps),
    new Int16Array(memory.buffer, lower, count * taps),
  );
  const mixed = bytes.subarray(target, target + count * channels);
  return (from, at, to, toAt) => {
    const row = from.subarray(at, at + width * channels);
    if (channels === 1) bytes.set(row, planes);
    else {
      bytes.set(row, source);
      split(source, width, channels, mask, planes, plane);
    }
    for (let c = 0; c < channels; c += 1)
      mix(planes + c * plane, first, upper, lower, taps, count, target + c, channels);
    to.set(mixed, toAt);
  };
}

/** Stores each weight in two halves of at most 16 bits, because the kernel multiplies numbers of 16 bits. */
function storeWeights(
  { count, taps, weights, stride }: Weights,
  padded: number,
  upper: Int16Array,
  lower: Int16Array,
): void {
  upper.fill(0);
  lower.fill(0);
  for (let output = 0; output < count; output += 1)
    for (let tap = 0; tap < (taps[output] ?? 0); tap += 1) {
      const weight = weights[output * stride + tap] ?? 0;
      upper[output * padded + tap] = weight >> 11;
      lower[output * padded + tap] = weight & 2047;
    }
}
