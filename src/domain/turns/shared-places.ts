import { createShares } from './shares.ts';

/** The work of one tenant. */
interface Line {
  readonly underWay: Set<{ readonly startedAt: number }>;
  /** In the order of arrival. */
  readonly waiting: Set<() => void>;
}

interface Options {
  readonly total: number;
  /** One tenant has no more places than this, even if others are free. */
  readonly mostOfOne?: number;
  /** How long work waits for a place, milliseconds. */
  readonly waitMs: number;
  /** If all work of a tenant has taken longer than this, milliseconds, its next work fails at once. */
  readonly stuckAfterMs?: number;
  /** Makes the error of work that gets no place. */
  readonly refusal: () => Error;
}

export interface SharedPlaces {
  /** Does work of a tenant. The place is taken until the work ends, also if its caller waits no longer. */
  use<Result>(tenant: string, work: () => Promise<Result>): Promise<Result>;
}

/** Places that tenants share (`shares.ts`). Work beyond its tenant's share waits for its turn, tenants one after the other. */
export function createSharedPlaces({
  total,
  mostOfOne = total,
  waitMs,
  stuckAfterMs = Number.POSITIVE_INFINITY,
  refusal,
}: Options): SharedPlaces {
  /** Tenants with work, in the order of their next turns. */
  const lines = new Map<string, Line>();
  const shares = createShares(total);

  const hasRoom = (tenant: string, line: Line) => line.underWay.size < mostOfOne && shares.hasRoom(tenant);

  function isStuck({ underWay: own }: Line): boolean {
    return own.size > 0 && [...own].every(({ startedAt }) => performance.now() - startedAt > stuckAfterMs);
  }

  function begin(tenant: string, line: Line): () => void {
    const work = { startedAt: performance.now() };
    const giveBack = shares.take(tenant);
    line.underWay.add(work);
    lines.delete(tenant);
    lines.set(tenant, line);
    return () => {
      giveBack();
      line.underWay.delete(work);
      forgetIfIdle(tenant, line);
      giveNext();
    };
  }

  function forgetIfIdle(tenant: string, line: Line): void {
    if (line.underWay.size === 0 && line.waiting.size === 0) lines.delete(tenant);
  }

  function giveNext(): void {
    for (const [tenant, line] of lines) {
      const [start] = line.waiting;
      if (start === undefined || !hasRoom(tenant, line)) continue;
      line.waiting.delete(start);
      return start();
    }
  }

  function take(tenant: string): Promise<() => void> | (() => void) {
    const line = lines.get(tenant) ?? { underWay: new Set(), waiting: new Set() };
    if (line.waiting.size === 0 && hasRoom(tenant, line)) return begin(tenant, line);
    if (isStuck(line)) throw refusal();
    lines.set(tenant, line);
    return new Promise((resolve, reject) => {
      const start = () => {
        clearTimeout(timer);
        resolve(begin(tenant, line));
      };
      const timer = setTimeout(() => {
        line.waiting.delete(start);
        forgetIfIdle(tenant, line);
        reject(refusal());
      }, waitMs);
      line.waiting.add(start);
    });
  }

  return {
    async use(tenant, work) {
      const leave = await take(tenant);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
