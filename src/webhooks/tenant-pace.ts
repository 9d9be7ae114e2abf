import { createShares } from '../domain/turns/shares.ts';

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

/** `now`: milliseconds of the monotonic clock. */
export function createTenantPace({ eventsPerMinute, now }: { eventsPerMinute: number; now: () => number }) {
  /**
   * By tenant, in the order in which they end. Holds the tenants that had a try within the last minute. They are few,
   * because only operators make tenants.
   */
  const minutes = new Map<string, Minute>();
  const slots = createShares(TRY_SLOTS);

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
      return slots.hasRoom(tenant) ? 0 : BUSY_MS;
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
      return slots.take(tenant);
    },

    /** Tenants that get no try now. */
    blockedTenants(): ReadonlySet<string> {
      forgetEnded();
      const spent = [...minutes].filter(([, { left }]) => left <= 0);
      return new Set([...spent.map(([tenant]) => tenant), ...slots.full()]);
    },
  };
}
