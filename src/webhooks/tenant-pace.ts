/**
 * Limits a tenant's tries from this process, in a minute and at once. The minute begins with the tenant's first try. Further
 * tries wait for the next minute, or for a place. Other tenants do not wait with them.
 */
const MINUTE_MS = 60_000;

/** A worker's slots for tries. */
export const TRY_SLOTS = 200;
/** About the time of some quick answers. */
const BUSY_MS = 2_000;

interface Minute {
  readonly endsAt: number;
  left: number;
}

/**
 * A tenant gets a further try only while it has fewer under way than slots are free. So one tenant has half of the slots at most,
 * and n tenants that want more than they get have 1/(n + 1) each. The same number stays free for a tenant that comes, even
 * if all receivers of the others hang. (Choudhury and Hahne, "Dynamic queue length thresholds", 1998, with α = 1.)
 *
 * `now`: milliseconds of the monotonic clock.
 */
export function createTenantPace({ eventsPerMinute, now }: { eventsPerMinute: number; now: () => number }) {
  /**
   * By tenant, in the order in which they end. Holds the tenants that had a try within the last minute. They are few,
   * because only operators make tenants.
   */
  const minutes = new Map<string, Minute>();
  /** By tenant. Those without tries under way are not in it. */
  const underWay = new Map<string, number>();
  /** Of all tenants. */
  let allUnderWay = 0;

  function hasItsShare(count: number): boolean {
    return count >= TRY_SLOTS - allUnderWay;
  }

  function forgetEnded(): void {
    for (const [tenant, { endsAt }] of minutes) {
      if (endsAt > now()) return;
      minutes.delete(tenant);
    }
  }

  return {
    /** Milliseconds after which a try is to ask again; 0 if it may start now. */
    blockedForMs(tenant: string): number {
      forgetEnded();
      const minute = minutes.get(tenant);
      if (minute !== undefined && minute.left <= 0) return Math.ceil(minute.endsAt - now());
      return hasItsShare(underWay.get(tenant) ?? 0) ? BUSY_MS : 0;
    },

    /**
     * Counts a try that starts now, and returns the function that ends it. `ofTenant`: the tries of a minute that an operator has
     * set for the tenant. It counts from the tenant's next minute on.
     */
    take(tenant: string, ofTenant = eventsPerMinute): () => void {
      forgetEnded();
      const minute = minutes.get(tenant) ?? { endsAt: now() + MINUTE_MS, left: ofTenant };
      minute.left -= 1;
      minutes.set(tenant, minute);
      underWay.set(tenant, (underWay.get(tenant) ?? 0) + 1);
      allUnderWay += 1;
      return () => {
        allUnderWay -= 1;
        const left = (underWay.get(tenant) ?? 1) - 1;
        if (left === 0) underWay.delete(tenant);
        else underWay.set(tenant, left);
      };
    },

    /** Tenants that get no try now. */
    blockedTenants(): ReadonlySet<string> {
      forgetEnded();
      const spent = [...minutes].filter(([, { left }]) => left <= 0);
      const busy = [...underWay].filter(([, count]) => hasItsShare(count));
      return new Set([...spent, ...busy].map(([tenant]) => tenant));
    },
  };
}
