/** Number of values that one transform takes. */
const N = 32;
const SCRATCH = new Float64Array(N);

/**
 * Cosines of k/128 of a circle. These and the next constants are written out, because
 * mathematical libraries differ in the last bit.
 */
const COSINES = [
  1, 0.9987954562051724, 0.9951847266721969, 0.989176509964781, 0.9807852804032304, 0.970031253194544,
  0.9569403357322088, 0.9415440651830208, 0.9238795325112867, 0.9039892931234433, 0.881921264348355,
  0.8577286100002721, 0.8314696123025452, 0.8032075314806449, 0.773010453362737, 0.7409511253549591,
  0.7071067811865475, 0.6715589548470183, 0.6343932841636455, 0.5956993044924332, 0.5555702330196022,
  0.5141027441932217, 0.47139673682599753, 0.42755509343028203, 0.38268343236508967, 0.33688985339221994,
  0.2902846772544623, 0.24298017990326393, 0.19509032201612825, 0.14673047445536164, 0.09801714032956049,
  0.04906767432741799,
];

/** Cosines and sines of k/32 of a circle. */
const TURN_COSINES = [
  1, 0.9807852804032304, 0.9238795325112867, 0.8314696123025452, 0.7071067811865475, 0.5555702330196022,
  0.3826834323650898, 0.19509032201612825,
];
const TURN_SINES = [
  0,
  0.19509032201612825,
  0.3826834323650898,
  0.5555702330196022,
  Math.SQRT1_2,
  0.8314696123025452,
  0.9238795325112867,
  0.9807852804032304,
];

/**
 * The discrete cosine transform (type II, not normalized) of 32 numbers, in place. It equals SciPy's `fftpack.dct` to
 * the last bit, rounding included, because hashes compare coefficients with their median. Flat or symmetric pictures
 * have many coefficients that are zero except for rounding. So this is FFTPACK's algorithm: Makhoul's reduction to a
 * real inverse FFT, which has steps of radix 2, 4 and 4.
 */
export function transform32(values: Float64Array): void {
  const last = N - 1;
  values[0] = at(values, 0) * 2;
  values[last] = at(values, last) * 2;
  for (let k = 1; k < last; k += 2) {
    const next = at(values, k + 1);
    values[k + 1] = next - at(values, k);
    values[k] = next + at(values, k);
  }
  inverseRealFft(values);
  for (let k = 1, mirror = last; k < N / 2; k += 1, mirror -= 1) {
    const [low, high] = [at(values, k), at(values, mirror)];
    const sum = at(COSINES, k) * high + at(COSINES, mirror) * low;
    const difference = at(COSINES, k) * low - at(COSINES, mirror) * high;
    values[k] = 0.5 * (sum + difference);
    values[mirror] = 0.5 * (sum - difference);
  }
  values[N / 2] = at(values, N / 2) * at(COSINES, N / 2);
}

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? 0;
}

/** Transforms a spectrum in FFTPACK's order: c₀, then real and imaginary parts in turn, c₁₆ last. */
function inverseRealFft(values: Float64Array): void {
  joinTwo(values, SCRATCH);
  joinFour(SCRATCH, values, { parts: 2, length: 4 });
  joinFour(values, SCRATCH, { parts: 8, length: 1 });
  values.set(SCRATCH);
}

/** The only step of radix 2. It joins two halves of 16. */
function joinTwo(from: Float64Array, to: Float64Array): void {
  const length = N / 2;
  const last = length - 1;
  to[0] = at(from, 0) + at(from, length + last);
  to[length] = at(from, 0) - at(from, length + last);
  to[last] = 2 * at(from, last);
  to[length + last] = -2 * at(from, length);
  for (let i = 2; i < length; i += 2) {
    const mirror = length - i;
    to[i - 1] = at(from, i - 1) + at(from, length + mirror - 1);
    to[i] = at(from, i) - at(from, length + mirror);
    const real = at(from, i - 1) - at(from, length + mirror - 1);
    const imaginary = at(from, i) + at(from, length + mirror);
    rotate(to, length + i, i / 2, real, imaginary);
  }
}

/** Radix 4: each of `parts` holds four runs of `length`. */
function joinFour(
  from: Float64Array,
  to: Float64Array,
  { parts, length }: { readonly parts: number; readonly length: number },
): void {
  const last = length - 1;
  for (let part = 0; part < parts; part += 1) {
    const run = (i: number) => length * (i + 4 * part);
    const [run0, run1, run2, run3] = [run(0), run(1), run(2), run(3)];
    const out = (i: number) => length * (part + parts * i);
    const [out0, out1, out2, out3] = [out(0), out(1), out(2), out(3)];
    {
      const outer = at(from, run0) + at(from, run3 + last);
      const inner = at(from, run0) - at(from, run3 + last);
      const real = 2 * at(from, run1 + last);
      const imaginary = 2 * at(from, run2);
      to[out0] = outer + real;
      to[out2] = outer - real;
      to[out3] = inner + imaginary;
      to[out1] = inner - imaginary;
    }
    if (length === 1) continue;
    {
      const imaginarySum = at(from, run3) + at(from, run1);
      const imaginaryDifference = at(from, run3) - at(from, run1);
      const realSum = at(from, run0 + last) + at(from, run2 + last);
      const realDifference = at(from, run0 + last) - at(from, run2 + last);
      to[out0 + last] = 2 * realSum;
      to[out1 + last] = Math.SQRT2 * (realDifference - imaginarySum);
      to[out2 + last] = 2 * imaginaryDifference;
      to[out3 + last] = -Math.SQRT2 * (realDifference + imaginarySum);
    }
    for (let i = 2; i < length; i += 2) {
      const mirror = length - i;
      const [r0, i0] = [at(from, run0 + i - 1), at(from, run0 + i)];
      const [r1, i1] = [at(from, run1 + mirror - 1), at(from, run1 + mirror)];
      const [r2, i2] = [at(from, run2 + i - 1), at(from, run2 + i)];
      const [r3, i3] = [at(from, run3 + mirror - 1), at(from, run3 + mirror)];
      to[out0 + i - 1] = r0 + r3 + (r2 + r1);
      to[out0 + i] = i0 - i3 + (i2 - i1);
      const turn = (parts * i) / 2;
      rotate(to, out1 + i, turn, r0 - r3 - (i2 + i1), i0 + i3 + (r2 - r1));
      rotate(to, out2 + i, 2 * turn, r0 + r3 - (r2 + r1), i0 - i3 - (i2 - i1));
      rotate(to, out3 + i, 3 * turn, r0 - r3 + (i2 + i1), i0 + i3 - (r2 - r1));
    }
  }
}
/** Writes a complex number, turned by `turn` 32nds of a circle, to `i - 1` and `i`. */
function rotate(to: Float64Array, i: number, turn: number, real: number, imaginary: number): void {
  const [cos, sin] = [at(TURN_COSINES, turn), at(TURN_SINES, turn)];
  to[i] = cos * imaginary + sin * real;
  to[i - 1] = cos * real - sin * imaginary;
}
