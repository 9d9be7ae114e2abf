import { createTenantMemory } from './tenant-memory.ts';

/**
 * Decides how many tries an origin gets from this process, and when it gets none. It counts each tenant (`tenant`) apart: a
 * failing URL of one tenant says nothing about a URL of another at the same origin.
 *
 *     closed ──5 failures in a row──▶ open, 30 s ×2 up to 15 min ──time over──▶ one probe
 *        ▲                               ▲                                      │   │
 *        └──────────answered─────────────│──────────────────────────────────────┘   │
 *                                        └────────────────failed────────────────────┘
 *
 * A try that may not start gives its slot back, and asks again after the time that it is given. So a receiver that
 * hangs holds 32 of a worker's 200 slots for 10 s at most, then one.
 */
const MAX_IN_FLIGHT = 32;
const FAILURES_TO_OPEN = 5;
const FIRST_OPEN_MS = 30_000;
const LAST_OPEN_MS = 15 * 60_000;
/** Wait for a place while other tries are under way: about the time of some quick answers. */
const BUSY_MS = 2_000;
const SPREAD_MS = 5_000;

/** No host name is longer than 253 characters, so a longer origin is never reached. Parsing 300 KB takes 20 ms. */
const MAX_ORIGIN_LENGTH = 300;

interface Origin {
  inFlight: number;
  failuresInARow: number;
  /** 0 while closed. */
  openForMs: number;
  openUntil: number;
}

/** `now`: milliseconds of the monotonic clock; `random` in [0, 1). */
export function createOriginGate({ now, random }: { now: () => number; random: () => number }) {
  const origins = createTenantMemory<Origin>({
    makeUsual: () => ({ inFlight: 0, failuresInARow: 0, openForMs: 0, openUntil: 0 }),
    isUsual: ({ inFlight, failuresInARow }) => inFlight === 0 && failuresInARow === 0,
  });

  function blockedFor(origin: Origin | undefined): number {
    if (origin === undefined) return 0;
    const isProbing = origin.openForMs > 0 && origin.inFlight > 0;
    const remainingMs = origin.openUntil - now();
    // The waits are spread a little. The first to ask becomes the probe, and the others ask again after its answer.
    if (remainingMs > 0) return Math.ceil(remainingMs + random() * SPREAD_MS);
    if (isProbing || origin.inFlight >= MAX_IN_FLIGHT) return Math.ceil(BUSY_MS * (1 + 2 * random()));
    return 0;
  }

  return {
    /** Milliseconds after which a try is to ask again; 0 if it may start now. */
    blockedForMs: (url: string, tenant = ''): number => blockedFor(origins.find(tenant, originOf(url))),

    /** Lets a try in and returns the function that ends it, or returns the milliseconds after which to ask again. */
    enter(url: string, tenant = ''): (() => void) | number {
      const key = originOf(url);
      const waitMs = blockedFor(origins.find(tenant, key));
      if (waitMs > 0) return waitMs;
      const change = origins.change(tenant, key, (origin) => {
        origin.inFlight += 1;
      });
      return () => {
        change((origin) => {
          origin.inFlight -= 1;
        });
      };
    },

    /** `isAlive`: the origin answered, with neither 5xx nor 429. */
    record(url: string, isAlive: boolean, tenant = ''): void {
      origins.change(tenant, originOf(url), (origin) => {
        if (isAlive) Object.assign(origin, { failuresInARow: 0, openForMs: 0, openUntil: 0 });
        else countFailure(origin);
      });
    },
  };

  function countFailure(origin: Origin): void {
    origin.failuresInARow += 1;
    // Tries that were under way when the gate opened tell nothing new.
    if (origin.openUntil > now() || origin.failuresInARow < FAILURES_TO_OPEN) return;
    origin.openForMs = Math.min(origin.openForMs * 2 || FIRST_OPEN_MS, LAST_OPEN_MS);
    origin.openUntil = now() + origin.openForMs;
  }
}

/** Only the part before the path is parsed, because the rest may be long. Anything that is no URL stands for itself. */
function originOf(url: string): string {
  const [start = url] = /^[^/?#]*\/\/[^/?#]*/.exec(url) ?? [];
  return start.length > MAX_ORIGIN_LENGTH ? start : (URL.parse(start)?.origin ?? url);
}
