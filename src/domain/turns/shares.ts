/**
 * Shares of a number of places. A tenant gets a further place only while it has fewer than are free. So one tenant has half of
 * them at most, and n tenants that want more than they get have 1/(n + 1) each. The same number stays free for a tenant that
 * comes, even if the work of all others hangs. (Choudhury and Hahne, "Dynamic queue length thresholds", 1998, with α = 1.)
 */
export function createShares(places: number) {
  const taken = createTally();
  const isBelowFree = (count: number) => count < places - taken.all();

  return {
    hasRoom: (tenant: string): boolean => isBelowFree(taken.of(tenant)),

    /** Takes a place and returns the function that gives it back. */
    take: taken.add,

    /** Tenants that have their share. */
    full: (): string[] =>
      [...taken.entries()].filter(([, count]) => !isBelowFree(count)).map(([tenant]) => tenant),
  };
}

/** Counts by name. Names without anything are not kept. */
export function createTally() {
  const counts = new Map<string, number>();
  let all = 0;

  return {
    all: () => all,
    of: (name: string): number => counts.get(name) ?? 0,
    entries: () => counts.entries(),

    /** Adds one and returns the function that takes it away again. */
    add(name: string): () => void {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      all += 1;
      return () => {
        const left = (counts.get(name) ?? 1) - 1;
        if (left === 0) counts.delete(name);
        else counts.set(name, left);
        all -= 1;
      };
    },
  };
}
