/** Bands of 16 bits in a hash of 64: the columns `band_1` (its highest bits) to `band_4` of `fingerprints`. */
const BANDS = 4;
const BAND_BITS = 16;

/**
 * Multi-index hashing (Norouzi, Punjani, Fleet 2012). If two hashes differ in at most `MAX_NEAR_DISTANCE` bits (7), one of the
 * four bands differs in at most 1 bit. Returns for each band the 17 values to look up. The caller measures the hashes found.
 * @param hash 64 bits, hex
 */
export function probesOf(hash: string): number[][] {
  const bits = BigInt(`0x${hash}`);
  return Array.from({ length: BANDS }, (_, index) => {
    const band = Number((bits >> BigInt((BANDS - 1 - index) * BAND_BITS)) & 0xffffn);
    return [band, ...oneBitOff(band)];
  });
}

function oneBitOff(band: number): number[] {
  return Array.from({ length: BAND_BITS }, (_, bit) => band ^ (1 << bit));
}
