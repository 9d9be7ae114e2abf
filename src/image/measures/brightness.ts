import type { Measures } from '../../domain/image-facts.ts';
import type { Pixels } from './pixels.ts';

/** Percentiles 5 and 99 of the pixels' brightness, interpolated as in `numpy.percentile`. Alpha is ignored. */
export function measureBrightness(pixels: Pixels): NonNullable<Measures['brightness']> {
  const count = pixels.width * pixels.height;
  const places = [0.05, 0.99].map((share) => share * (count - 1));
  const ranks = places.flatMap((place) => [Math.floor(place), Math.min(count - 1, Math.floor(place) + 1)]);
  const sorted = pixels.channels < 3 ? greysAt(pixels, ranks) : coloursAt(pixels, ranks);
  const [p5 = 0, p99 = 0] = places.map((place, i) => {
    const [below = 0, above = 0] = sorted.slice(i * 2, i * 2 + 2);
    return below + (above - below) * (place - Math.floor(place));
  });
  return { p5, p99 };
}

/**
 * The values at `ranks` of the sorted pixels. The pixels are counted instead of sorted.
 * The brightness of a grey pixel is v / 255.
 */
function greysAt({ data, channels }: Pixels, ranks: readonly number[]): number[] {
  const counts = new Int32Array(256);
  for (let i = 0; i < data.length; i += channels) {
    const value = data[i] ?? 0;
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return ranks.map((rank) => placeOf(counts, rank).value / 255);
}

/**
 * The same for colours. The brightness of a colour is √(0.241 r² + 0.691 g² + 0.068 b²) / 255. A thousand times the
 * value under the root is a whole number, and that is counted. Its upper bits are counted first. Then its lower bits
 * are counted in the buckets that hold a rank.
 */
function coloursAt({ data, channels }: Pixels, ranks: readonly number[]): number[] {
  const counts = new Int32Array(BUCKETS);
  countBuckets(data, channels, counts);
  const found = ranks.map((rank) => placeOf(counts, rank));

  const buckets = [...new Set(found.map(({ value }) => value))];
  const slots = new Uint8Array(BUCKETS);
  for (const [i, bucket] of buckets.entries()) slots[bucket] = i + 1;
  const lower = new Int32Array((buckets.length + 1) << LOWER_BITS);
  countLower(data, channels, slots, lower);
  return found.map(({ value: bucket, rank }) => {
    const from = (slots[bucket] ?? 0) << LOWER_BITS;
    const { value } = placeOf(lower.subarray(from, from + (1 << LOWER_BITS)), rank);
    return Math.sqrt(((bucket << LOWER_BITS) + value) / 1000) / 255;
  });
}

const LOWER_BITS = 12;
const BUCKETS = ((1000 * 255 ** 2) >> LOWER_BITS) + 1;

function countBuckets(data: Uint8Array, channels: number, counts: Int32Array): void {
  for (let i = 0; i < data.length; i += channels) {
    const bucket = thousandfold(data[i] ?? 0, data[i + 1] ?? 0, data[i + 2] ?? 0) >> LOWER_BITS;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
}

/** Buckets without a slot are not counted. */
function countLower(data: Uint8Array, channels: number, slots: Uint8Array, counts: Int32Array): void {
  for (let i = 0; i < data.length; i += channels) {
    const key = thousandfold(data[i] ?? 0, data[i + 1] ?? 0, data[i + 2] ?? 0);
    const slot = slots[key >> LOWER_BITS] ?? 0;
    if (slot === 0) continue;
    const at = (slot << LOWER_BITS) | (key & ((1 << LOWER_BITS) - 1));
    counts[at] = (counts[at] ?? 0) + 1;
  }
}

function thousandfold(red: number, green: number, blue: number): number {
  return (
    Math.imul(Math.imul(red, red), 241) +
    Math.imul(Math.imul(green, green), 691) +
    Math.imul(Math.imul(blue, blue), 68)
  );
}

/** The value of the element at `rank`, and its rank among the elements with this value. */
function placeOf(counts: Int32Array, rank: number): { value: number; rank: number } {
  let left = rank;
  let value = 0;
  while (left >= (counts[value] ?? Infinity)) {
    left -= counts[value] ?? 0;
    value += 1;
  }
  return { value, rank: left };
}
