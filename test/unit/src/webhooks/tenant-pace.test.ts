import { beforeEach, describe, expect, it } from 'vitest';
import { createTenantPace } from '../../../../src/webhooks/tenant-pace.ts';

describe('the pace of a tenant', () => {
  let nowMs: number;
  let pace: ReturnType<typeof createTenantPace>;

  beforeEach(() => {
    nowMs = 1_000_000;
    pace = createTenantPace({ eventsPerMinute: 3, now: () => nowMs });
  });

  const take = (tenant: string, times: number) => {
    for (let taken = 0; taken < times; taken += 1) pace.take(tenant);
  };

  it('gives so many tries in the minute that begins with the first, and the next after it', () => {
    take('a', 1);
    nowMs += 20_000;
    take('a', 1);
    expect(pace.blockedForMs('a')).toBe(0);
    take('a', 1);
    expect(pace.blockedForMs('a')).toBe(40_000);
    nowMs += 39_999;
    expect(pace.blockedForMs('a')).toBe(1);
    nowMs += 1;
    expect(pace.blockedForMs('a')).toBe(0);
    take('a', 3);
    expect(pace.blockedForMs('a')).toBe(60_000);
  });

  it('blocks nobody but who has used up its minute, and says who that is', () => {
    take('a', 3);
    nowMs += 10_000;
    take('b', 2);
    expect([pace.blockedForMs('b'), pace.blockedForMs('c')]).toEqual([0, 0]);
    expect(pace.blockedTenants()).toEqual(new Set(['a']));
    take('b', 1);
    expect(pace.blockedTenants()).toEqual(new Set(['a', 'b']));
    nowMs += 50_000;
    expect(pace.blockedTenants()).toEqual(new Set(['b']));
  });

  it('has 100 tries of a tenant under way at once, whatever its minute says, and as many of another', () => {
    const wide = createTenantPace({ eventsPerMinute: 1_000, now: () => nowMs });
    const ends = Array.from({ length: 100 }, () => wide.take('a'));
    expect(wide.blockedForMs('a')).toBe(2_000);
    expect(wide.blockedTenants()).toEqual(new Set(['a']));
    expect(wide.blockedForMs('b')).toBe(0);
    ends[0]?.();
    expect(wide.blockedForMs('a')).toBe(0);
    wide.take('a');
    expect(wide.blockedForMs('a')).toBe(2_000);
    for (const end of ends.slice(1)) end();
    expect(wide.blockedTenants()).toEqual(new Set());
  });
});
