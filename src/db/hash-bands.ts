/** Bands of 16 bits in a hash of 64: the columns `band_1` (its highest bits) to `band_4` of `fingerprints`. */
const BANDS = 4;
const BAND_BITS = 16;

/**
 * Multi-index hashing (Norouzi, Punjani, Fleet 2012): hashes that differ in at most `maxDistance` bits differ in at most
 * a quarter of them in one band. Gives for each band the values to look up, which are 1 for distances 0 to 3 and 17 for
 * 4 to 7; what they find is to be measured.
 * @param hash 64 bits, hex
 */
export function probesOf(hash: string, maxDistance: number): number[][] {
  const bits = BigInt(`0x${hash}`);
  return Array.from({ length: BANDS }, (_, index) => {
    const band = Number((bits >> BigInt((BANDS - 1 - index) * BAND_BITS)) & 0xffffn);
    return maxDistance < BANDS ? [band] : [band, ...oneBitOff(band)];
  });
}

function oneBitOff(band: number): number[] {
  return Array.from({ length: BAND_BITS }, (_, bit) => band ^ (1 << bit));
}
