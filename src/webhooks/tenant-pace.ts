/**
 * How many tries a tenant gets from this process in a minute, which begins with the first of them. What exceeds waits for
 * the next minute; nobody else's waits with it.
 */
const MINUTE_MS = 60_000;

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

  function forgetEnded(): void {
    for (const [owner, { endsAt }] of minutes) {
      if (endsAt > now()) return;
      minutes.delete(owner);
    }
  }

  return {
    /** Milliseconds after which a try is to ask again; 0 if it may start now. */
    blockedForMs(owner: string): number {
      forgetEnded();
      const minute = minutes.get(owner);
      return minute === undefined || minute.left > 0 ? 0 : Math.ceil(minute.endsAt - now());
    },

    /** Counts a try that starts now. */
    take(owner: string): void {
      forgetEnded();
      const minute = minutes.get(owner) ?? { endsAt: now() + MINUTE_MS, left: eventsPerMinute };
      minute.left -= 1;
      minutes.set(owner, minute);
    },

    /** Those that get no more tries in their minute. */
    blockedTenants(): ReadonlySet<string> {
      forgetEnded();
      return new Set([...minutes].filter(([, { left }]) => left <= 0).map(([owner]) => owner));
    },
  };
}
