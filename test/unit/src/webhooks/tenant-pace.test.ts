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

  it('allows the tries of a minute, which begins with the first try, and further ones after it', () => {
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

  it('blocks only tenants that have used up their minute, and lists them', () => {
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

  it('lets 100 tries of a tenant be under way at once, whatever its minute allows, and as many of another', () => {
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
