import { HERE_FOR_MS, SLOW_FOR_MS, SLOW_IMAGE_MS } from '../limits.ts';

/** An image has a decoder. */
export interface Turn {
  /** The image is large, so it will take long. */
  isLarge(): void;
  /** The decoder is given back. `tookMs`: how long it worked for the image. */
  end(tookMs: number): void;
}

/** An image that waits for a decoder. It gets one at once when this is called. */
type Place = (turn: Turn) => void;

interface Tenant {
  /** In the order in which they came. */
  readonly waiting: Set<Place>;
  /** Decoders that it has now. */
  holds: number;
  /** Those that work on large images. */
  holdsLarge: number;
  /** Time for which it has had decoders, milliseconds. It starts level with the tenants that are served when it comes. */
  usedMs: number;
  /** How long its last image took. Its next one is expected to take as long. */
  lastMs: number;
  seenAt: number;
  slowUntil: number;
}

/**
 * Decides whose image gets the next decoder: the tenant's that has had decoders for the least time, its oldest image first. So an
 * image waits for no more than one image of another tenant per decoder, however many of them wait.
 *
 * Time is charged when an image begins, as long as the tenant's last image took, and corrected when it ends. A tenant that
 * waited for nothing saves up no time.
 *
 * If there are two decoders or more, slow tenants together leave one of them to the others, as long as there are others. So
 * quick images wait for quick images only. A slow tenant alone gets all decoders.
 *
 * A choice looks at every tenant that waits. Those are fewer than a worker's slots. Measured on a busy machine: 3 µs for an image of
 * one tenant, 9 µs with 200 that wait.
 */
export function createTurns({ processes, now }: { processes: number; now: () => number }) {
  /** They are few, because only operators make tenants. */
  const tenants = new Map<string, Tenant>();
  const waiting = new Set<Tenant>();
  /** `usedMs` of the tenant that was served last. It never goes back. */
  let level = 0;

  function of(name: string): Tenant {
    let tenant = tenants.get(name);
    if (tenant === undefined) {
      tenant = {
        waiting: new Set(),
        holds: 0,
        holdsLarge: 0,
        usedMs: 0,
        lastMs: 0,
        seenAt: -Infinity,
        slowUntil: -Infinity,
      };
      tenants.set(name, tenant);
    }
    return tenant;
  }

  /** A large image may take longer than a tenant stays slow. */
  function isSlow({ slowUntil, holdsLarge }: Tenant): boolean {
    return holdsLarge > 0 || slowUntil > now();
  }

  /** Whether all decoders but one are with slow tenants, and others are here who need that one. */
  function isLastForOthers(): boolean {
    if (processes === 1) return false;
    let isAnyQuick = false;
    let heldBySlow = 0;
    for (const tenant of tenants.values()) {
      const { holds, seenAt } = tenant;
      if (isSlow(tenant)) heldBySlow += holds;
      else if (holds > 0 || seenAt + HERE_FOR_MS > now()) isAnyQuick = true;
    }
    return isAnyQuick && heldBySlow >= processes - 1;
  }

  function choose(): Tenant | undefined {
    let chosen: Tenant | undefined;
    let isReserved: boolean | undefined;
    for (const tenant of waiting) {
      if (chosen !== undefined && chosen.usedMs <= tenant.usedMs) continue;
      if (isSlow(tenant) && (isReserved ??= isLastForOthers())) continue;
      chosen = tenant;
    }
    return chosen;
  }

  /** A tenant gets a decoder. */
  function begin(tenant: Tenant): Turn {
    const expectedMs = tenant.lastMs;
    let large = 0;
    tenant.holds += 1;
    level = Math.max(level, tenant.usedMs);
    tenant.usedMs += expectedMs;
    return {
      isLarge() {
        tenant.holdsLarge += 1 - large;
        large = 1;
      },
      end(tookMs) {
        tenant.holds -= 1;
        tenant.holdsLarge -= large;
        tenant.usedMs += tookMs - expectedMs;
        tenant.lastMs = tookMs;
        tenant.seenAt = now();
        if (tookMs > SLOW_IMAGE_MS) tenant.slowUntil = now() + SLOW_FOR_MS;
      },
    };
  }

  return {
    /** Takes a place in the queue. Returns the function that gives it up. */
    join(name: string, place: Place): () => void {
      const tenant = of(name);
      if (tenant.waiting.size === 0 && tenant.holds === 0) tenant.usedMs = Math.max(tenant.usedMs, level);
      tenant.seenAt = now();
      tenant.waiting.add(place);
      waiting.add(tenant);
      return () => {
        tenant.waiting.delete(place);
        if (tenant.waiting.size === 0) waiting.delete(tenant);
      };
    },

    /** Serves the image whose turn it is. False if none may have a decoder now. */
    serveNext(): boolean {
      const tenant = choose();
      const [place] = tenant?.waiting ?? [];
      if (tenant === undefined || place === undefined) return false;
      tenant.waiting.delete(place);
      // The tenant goes behind the others that have used as much.
      waiting.delete(tenant);
      if (tenant.waiting.size > 0) waiting.add(tenant);
      place(begin(tenant));
      return true;
    },
  };
}
