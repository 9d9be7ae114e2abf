import { describe, expect, it } from 'vitest';
import { createPaces } from '../../../../../src/api/http/pace.ts';

const A_MINUTE = 600_000;

describe('the pace of the files of a key', () => {
  it('is free for the bytes of a minute, and then as fast as they come back, for all its files together', async () => {
    const pace = createPaces();
    const begin = performance.now();
    await pace('key', A_MINUTE, A_MINUTE);
    await pace('other key', A_MINUTE, A_MINUTE);
    const free = performance.now();
    expect(free - begin).toBeLessThan(1_000);
    // Ten bytes a millisecond.
    await Promise.all([
      pace('key', 2_000, A_MINUTE),
      pace('key', 2_000, A_MINUTE),
      pace('key', 1_000, A_MINUTE),
    ]);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(495);
  });

  it('is free again after a minute without bytes, and not freer after an hour', async () => {
    let now = 0;
    const pace = createPaces(() => now);
    await pace('key', A_MINUTE, A_MINUTE);
    now += 3_600_000;
    await pace('key', A_MINUTE, A_MINUTE);
    const begin = performance.now();
    await pace('key', 1_000, A_MINUTE);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(95);
  });
});
