import { describe, expect, it } from 'vitest';
import { probesOf } from '../../../../../src/db/fingerprints/hash-bands.ts';
import { flip, hexOf } from '../../../../support/images/fingerprints.ts';

/** Whether a search for one hash finds the other. */
function isProbed(hash: string, other: string): boolean {
  const bands = probesOf(other);
  return probesOf(hash).some((probes, index) => probes.includes(bands[index]?.[0] ?? -1));
}

const hash = hexOf('a hash').slice(0, 16);
const BITS = Array.from({ length: 64 }, (_, bit) => bit);

/** `bits` in each of the bands, except in the band of `bit`. */
const inOthers = (bit: number, bits: readonly number[]): number[] =>
  [0, 16, 32, 48].filter((band) => band !== bit - (bit % 16)).flatMap((band) => bits.map((at) => band + at));

describe('the bands of a hash', () => {
  it('find a hash at a distance of 7, even if the different bits are spread over all bands', () => {
    for (const bit of BITS) expect(isProbed(hash, flip(hash, [bit, ...inOthers(bit, [3, 12])]))).toBe(true);
  });

  it('are 16 bits each, from the highest down', () => {
    expect(probesOf('0001002203334444').map(([band]) => band)).toEqual([0x0001, 0x0022, 0x0333, 0x4444]);
    expect(probesOf(hash).map((probes) => new Set(probes).size)).toEqual([17, 17, 17, 17]);
  });
});
