interface EndpointStat {
  /** Tries under way in this process. */
  inFlight: number;
  /** How long the last answer took, in milliseconds; 0 before the first. */
  lastDurationMs: number;
}

/** Endpoints remembered; the one unused for longest is forgotten first. */
const MAX_ENDPOINTS = 10_000;

/** How endpoints (a URL without query and fragment) have answered this process lately. */
export function createEndpointStats() {
  const stats = new Map<string, EndpointStat>();

  function of(url: string): EndpointStat {
    const endpoint = url.replace(/[?#].*$/s, '');
    const stat = stats.get(endpoint) ?? { inFlight: 0, lastDurationMs: 0 };
    // Reinserted: a Map iterates in order of insertion, so its first key is the one unused for longest.
    stats.delete(endpoint);
    stats.set(endpoint, stat);
    if (stats.size > MAX_ENDPOINTS) stats.delete(stats.keys().next().value as string);
    return stat;
  }

  return {
    of: (url: string): Readonly<EndpointStat> => of(url),
    /** Counts a try; the returned function ends it. */
    begin(url: string): (durationMs: number) => void {
      const stat = of(url);
      stat.inFlight += 1;
      return (durationMs) => {
        stat.inFlight -= 1;
        stat.lastDurationMs = durationMs;
      };
    },
  };
}
