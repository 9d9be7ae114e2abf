/** The look-ups of one tenant. */
interface Line {
  underWay: number;
  /** Each starts one look-up. In the order of arrival. */
  readonly waiting: Set<() => void>;
}

/**
 * Places for look-ups. A tenant has `perTenant` of them, and all tenants together have `total`. A free place goes to the
 * tenant whose last turn is the longest ago.
 */
export function createPlaces({ perTenant, total }: { perTenant: number; total: number }) {
  /** Tenants with look-ups, in the order of their next turns. */
  const lines = new Map<string, Line>();
  let underWay = 0;

  function giveNext(): void {
    if (underWay >= total) return;
    for (const [tenant, line] of lines) {
      const [start] = line.waiting;
      if (start === undefined || line.underWay >= perTenant) continue;
      line.waiting.delete(start);
      line.underWay += 1;
      underWay += 1;
      lines.delete(tenant);
      lines.set(tenant, line);
      start();
      return;
    }
  }

  function forgetIfIdle(tenant: string, line: Line): void {
    if (line.underWay === 0 && line.waiting.size === 0) lines.delete(tenant);
  }

  return {
    /** Waits for a place, and returns the function that gives it back. Rejects with the reason of the signal. */
    async take(tenant: string, signal: AbortSignal): Promise<() => void> {
      signal.throwIfAborted();
      const line = lines.get(tenant) ?? { underWay: 0, waiting: new Set() };
      lines.set(tenant, line);
      await new Promise<void>((resolve, reject) => {
        const start = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          line.waiting.delete(start);
          forgetIfIdle(tenant, line);
          reject(signal.reason);
        };
        signal.addEventListener('abort', leave, { once: true });
        line.waiting.add(start);
        giveNext();
      });
      return () => {
        line.underWay -= 1;
        underWay -= 1;
        forgetIfIdle(tenant, line);
        giveNext();
      };
    },
  };
}
