import { describe, expect, it } from 'vitest';
import { limitsFor } from '../../../../../src/image/decoder/work-limits.ts';
import {
  DECODE_CPU_MAX_MS,
  DECODE_CPU_MS,
  DECODE_WALL_MAX_MS,
  DECODE_WALL_MS,
  READ_WALL_MS,
} from '../../../../../src/image/limits.ts';

const LIMITS = { cpuMs: DECODE_CPU_MS, wallMs: DECODE_WALL_MS, residentBytes: 2 ** 30 };

describe('the time of a decoder', () => {
  it('grows with the pixels of the image, so a small file that hangs gets little', () => {
    const small = { cpuMs: 4_200, wallMs: 20_500, residentBytes: 2 ** 30 };
    expect(limitsFor({ pixels: 1_000_000, bytes: 0 }, LIMITS)).toEqual(small);
    expect(limitsFor({ pixels: 200_000_000, bytes: 0 }, LIMITS)).toMatchObject({
      cpuMs: 44_000,
      wallMs: 120_000,
    });
  });

  it('grows with the file, unless that is too large to be read', () => {
    expect(limitsFor({ pixels: 0, bytes: 100 * 2 ** 20 }, LIMITS)).toMatchObject({
      cpuMs: 9_000,
      wallMs: 30_000,
    });
    expect(limitsFor({ pixels: 0, bytes: 2 ** 40 }, LIMITS)).toEqual(LIMITS);
  });

  it('has a bound, whatever the image or its decoder says', () => {
    const most = limitsFor({ pixels: 2 ** 52, bytes: 0 }, LIMITS);
    expect(most).toMatchObject({ cpuMs: DECODE_CPU_MAX_MS, wallMs: DECODE_WALL_MAX_MS });
    // A regular try has 240 s, and some of them are spent on waiting for a decoder.
    expect(READ_WALL_MS + DECODE_WALL_MAX_MS).toBeLessThan(240_000);
  });

  it('is never less than without pixels', () => {
    const longer = { ...LIMITS, cpuMs: 90_000, wallMs: 300_000 };
    expect(limitsFor({ pixels: 1, bytes: 1 }, longer)).toMatchObject({ cpuMs: 90_000, wallMs: 300_000 });
  });
});
