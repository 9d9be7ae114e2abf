/** The weight of a pixel at a distance from the output. Beyond `support` it is 0. */
export interface Filter {
  /** In pixels of the smaller picture. */
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

/** Sinc, windowed by its middle lobe, which is stretched to three. */
export const LANCZOS: Filter = {
  support: 3,
  weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
};

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/** Bits after the point. Of 32 bits, a sample takes 8 and overshoot takes 2. */
export const PRECISION_BITS = 32 - 8 - 2;

/** Weights of `count` outputs from output `from` on. They use `inputs` inputs from input `begin` on. */
export interface Weights {
  readonly from: number;
  readonly count: number;
  readonly begin: number;
  readonly inputs: number;
  /** The first input of each output, counted from `begin`, and the number of its inputs. */
  readonly first: Int32Array;
  readonly taps: Int32Array;
  /** Fixed point. The weights of the i-th of these outputs begin at `i * stride`. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** An input has at most six weights. Sides of a million pixels and more get their weights in several parts. */
const WEIGHTS_AT_ONCE = 2 ** 21;

/** Yields the weights of Pillow's `Resample.c`: normalized as doubles, then rounded one by one. */
export function* weightsOf(inputs: number, outputs: number, filter: Filter): Generator<Weights> {
  const scale = inputs / outputs;
  const filterScale = Math.max(scale, 1);
  const reach = filter.support * filterScale;
  const stride = Math.ceil(reach) * 2 + 1;
  const atOnce = Math.max(1, Math.floor(WEIGHTS_AT_ONCE / stride));
  const exact = new Float64Array(stride);
  for (let from = 0; from < outputs; from += atOnce) {
    const count = Math.min(atOnce, outputs - from);
    const [first, taps] = [new Int32Array(count), new Int32Array(count)];
    const weights = new Int32Array(count * stride);
    for (let i = 0; i < count; i += 1) {
      const centre = (from + i + 0.5) * scale;
      const start = Math.max(0, Math.trunc(centre - reach + 0.5));
      const length = Math.min(inputs, Math.trunc(centre + reach + 0.5)) - start;
      for (let tap = 0; tap < length; tap += 1)
        exact[tap] = filter.weigh((tap + start - centre + 0.5) * (1 / filterScale));
      roundInto(weights, i * stride, exact.subarray(0, length));
      first[i] = start;
      taps[i] = length;
    }
    const begin = first[0] ?? 0;
    const end = (first[count - 1] ?? 0) + (taps[count - 1] ?? 0);
    yield {
      from,
      count,
      begin,
      inputs: end - begin,
      first: first.map((i) => i - begin),
      taps,
      weights,
      stride,
    };
  }
}

function roundInto(weights: Int32Array, at: number, exact: Float64Array): void {
  let sum = 0;
  for (const weight of exact) sum += weight;
  for (let tap = 0; tap < exact.length; tap += 1) {
    const scaled = ((exact[tap] ?? 0) / (sum === 0 ? 1 : sum)) * (1 << PRECISION_BITS);
    weights[at + tap] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  }
}
