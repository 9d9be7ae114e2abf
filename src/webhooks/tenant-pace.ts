/**
 * How many tries a tenant gets from this process in a minute, which begins with the first of them, and at once. What exceeds
 * waits for the next minute, or for a place; nobody else's waits with it.
 */
const MINUTE_MS = 60_000;

/** Half of the slots that a worker has for tries: receivers of one tenant that hang leave the others the rest. */
const MAX_UNDER_WAY = 100;
/** About the time of some quick answers. */
const BUSY_MS = 2_000;

interface Minute {
  readonly endsAt: number;
  left: number;
}

/** `now` in milliseconds. */
export function createTenantPace({ eventsPerMinute, now }: { eventsPerMinute: number; now: () => number }) {
  /**
   * By tenant, in the order of their beginnings, which is that of their ends. Holds who had a try within the last minute:
   * no more than there are tenants, whom only operators make.
   */
  const minutes = new Map<string, Minute>();
  /** By tenant, of those that have any. */
  const underWay = new Map<string, number>();

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
      return (underWay.get(tenant) ?? 0) >= MAX_UNDER_WAY ? BUSY_MS : 0;
    },

    /** Counts a try that starts now, to be ended by the returned function. */
    take(tenant: string): () => void {
      forgetEnded();
      const minute = minutes.get(tenant) ?? { endsAt: now() + MINUTE_MS, left: eventsPerMinute };
      minute.left -= 1;
      minutes.set(tenant, minute);
      underWay.set(tenant, (underWay.get(tenant) ?? 0) + 1);
      return () => {
        const left = (underWay.get(tenant) ?? 1) - 1;
        if (left === 0) underWay.delete(tenant);
        else underWay.set(tenant, left);
      };
    },

    /** Those that get no try now. */
    blockedTenants(): ReadonlySet<string> {
      forgetEnded();
      const spent = [...minutes].filter(([, { left }]) => left <= 0);
      const busy = [...underWay].filter(([, count]) => count >= MAX_UNDER_WAY);
      return new Set([...spent, ...busy].map(([tenant]) => tenant));
    },
  };
}
