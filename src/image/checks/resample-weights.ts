/** How much each pixel in reach counts for one between them; beyond `support` nothing does. */
export interface Filter {
  /** Pixels of the smaller picture. */
  readonly support: number;
  weigh(distance: number): number;
}

/** Keys' cubic with a = -0.5. */
export const BICUBIC: Filter = {
  support: 2,
  weigh(distance) {
    const a = -0.5;
    const x = Math.abs(distance);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  },
};

/** Sinc, windowed by its middle lobe stretched to three. */
export const LANCZOS: Filter = {
  support: 3,
  weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
};

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/** Bits after the point: 8 of a sample and 2 for what overshoots are left of 32. */
export const PRECISION_BITS = 32 - 8 - 2;

/** For each of `count` outputs: the first input, how many of them count, and where their weights begin. */
export interface Weights {
  readonly count: number;
  readonly first: Int32Array;
  readonly taps: Int32Array;
  /** Those of output `i` begin at `i * stride`. Fixed point. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** As Pillow's `Resample.c` has them: normalized in double, then rounded each. */
export function weightsOf(inputs: number, count: number, { support, weigh }: Filter): Weights {
  const scale = inputs / count;
  const filterScale = Math.max(scale, 1);
  const reach = support * filterScale;
  const stride = Math.ceil(reach) * 2 + 1;
  const [first, taps] = [new Int32Array(count), new Int32Array(count)];
  const weights = new Int32Array(count * stride);
  const exact = new Float64Array(stride);
  for (let output = 0; output < count; output += 1) {
    const centre = (output + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - reach + 0.5));
    const length = Math.min(inputs, Math.trunc(centre + reach + 0.5)) - from;
    let sum = 0;
    for (let tap = 0; tap < length; tap += 1) {
      const weight = weigh((tap + from - centre + 0.5) * (1 / filterScale));
      exact[tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < length; tap += 1) {
      const scaled = ((exact[tap] ?? 0) / (sum === 0 ? 1 : sum)) * (1 << PRECISION_BITS);
      weights[output * stride + tap] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    first[output] = from;
    taps[output] = length;
  }
  return { count, first, taps, weights, stride };
}
