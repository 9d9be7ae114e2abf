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

  it('allows the tries that an operator has set for the tenant, from its next minute on', () => {
    pace.take('a', 1);
    expect(pace.blockedForMs('a')).toBe(60_000);
    take('b', 1);
    pace.take('b', 5);
    take('b', 1);
    expect(pace.blockedForMs('b')).toBe(60_000);
    nowMs += 60_000;
    for (let taken = 0; taken < 4; taken += 1) pace.take('b', 5);
    expect(pace.blockedForMs('b')).toBe(0);
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

  it('lets 100 tries of a tenant be under way at once, whatever its minute allows, and more of another', () => {
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

  describe('with many tries under way', () => {
    /** Each tenant takes what it can get, whenever a try ends. The tries of all tenants end in turns. */
    function fill(tenants: readonly string[]) {
      const wide = createTenantPace({ eventsPerMinute: 100_000, now: () => nowMs });
      const held = new Map(tenants.map((tenant) => [tenant, [] as (() => void)[]]));
      const takeAll = (tenant: string) => {
        while (wide.blockedForMs(tenant) === 0) held.get(tenant)?.push(wide.take(tenant));
      };
      for (const tenant of tenants) takeAll(tenant);
      for (let round = 0; round < 100; round += 1) {
        for (const ends of held.values()) {
          ends.shift()?.();
          for (const tenant of tenants) takeAll(tenant);
        }
      }
      return { wide, counts: tenants.map((tenant) => held.get(tenant)?.length ?? 0) };
    }

    it.each([1, 2, 3, 7, 19])('gives %i tenants the same share, and keeps as much for one more', (count) => {
      const { wide, counts } = fill(Array.from({ length: count }, (_, index) => `t${index}`));
      const share = 200 / (count + 1);
      for (const got of counts) expect(Math.abs(got - share)).toBeLessThanOrEqual(1);
      expect(wide.blockedForMs('newcomer')).toBe(0);
    });

    it('never lets more than 200 be under way, whoever they belong to', () => {
      const { counts } = fill(Array.from({ length: 250 }, (_, index) => `t${index}`));
      expect(counts.reduce((sum, got) => sum + got, 0)).toBe(200);
      expect(Math.max(...counts)).toBe(1);
    });
  });
});
