import { afterEach, describe, expect, it, vi } from 'vitest';
import { nextTryInMs, parseRetryAfter } from '../../../../src/webhooks/retry-schedule.ts';

const HOUR_MS = 3_600_000;

describe('the retry schedule', () => {
  it('makes ten tries over 76 h', () => {
    const delays: number[] = [];
    for (let tries = 1; ; tries += 1) {
      const delay = nextTryInMs(tries, null, 0.5);
      if (delay === null) break;
      delays.push(delay);
    }
    expect(delays).toHaveLength(9);
    const total = delays.reduce((sum, delay) => sum + delay, 0);
    expect(total).toBeGreaterThan(75 * HOUR_MS);
    expect(total).toBeLessThan(77 * HOUR_MS);
  });

  it('spreads each delay by a tenth', () => {
    expect(nextTryInMs(1, null, 0)).toBe(4_500);
    expect(nextTryInMs(1, null, 0.9999)).toBeCloseTo(5_500, -1);
  });

  it('waits longer when asked to, never shorter, and a day at most', () => {
    expect(nextTryInMs(1, 60_000, 0.5)).toBe(60_000);
    expect(nextTryInMs(2, 1_000, 0.5)).toBe(300_000);
    expect(nextTryInMs(1, 1e12, 0.5)).toBe(24 * HOUR_MS);
  });
});

describe('parseRetryAfter', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    [' 120 ', 120_000],
    ['0', 0],
    ['soon', null],
    ['-5', null],
    ['1.5', null],
    ['1e3', null],
    ['60, 120', null],
    ['', null],
    [undefined, null],
  ])('reads %s as %s', (header, ms) => {
    expect(parseRetryAfter(header, 'Thu, 01 Jan 2026 00:00:00 GMT')).toBe(ms);
  });

  it('compares a date with our clock if the answer has no date', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-01T00:00:00Z') });
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:01:00 GMT', undefined)).toBe(60_000);
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:01:00 GMT', 'yesterday')).toBe(60_000);
  });

  it.each(['9'.repeat(20), '9'.repeat(400), `1${'0'.repeat(60_000)}`, 'Fri, 31 Dec 9999 23:59:59 GMT'])(
    'does not ignore a wait that is far too long: it lasts a day',
    (header) => {
      expect(nextTryInMs(1, parseRetryAfter(header, 'Thu, 01 Jan 2026 00:00:00 GMT'), 0.5)).toBe(
        24 * HOUR_MS,
      );
    },
  );
});
