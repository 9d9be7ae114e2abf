interface EndpointStat {
  /** In-line tries under way in this process. */
  inLine: number;
  /** In-line tries that wait for one of those to end. */
  readonly waiting: (() => void)[];
  /** How long the last answer took, in milliseconds; 0 before the first. */
  lastDurationMs: number;
}

/** An endpoint that took longer for its last answer is not tried in line. */
const QUICK_ANSWER_MS = 500;
/** In-line tries of one endpoint under way at once. */
const MAX_IN_LINE_TRIES = 4;
/** How long a further one waits for its turn: a quick endpoint frees one within milliseconds. */
const WAIT_FOR_TURN_MS = 250;

/** Endpoints remembered; the one unused for longest is forgotten first. */
const MAX_ENDPOINTS = 10_000;

/** How endpoints (a URL without query and fragment) have answered this process lately, and whose turn it is. */
export function createEndpointStats() {
  const stats = new Map<string, EndpointStat>();

  function of(url: string): EndpointStat {
    const endpoint = url.replace(/[?#].*$/s, '');
    const stat = stats.get(endpoint) ?? { inLine: 0, waiting: [], lastDurationMs: 0 };
    // Reinserted: a Map iterates in order of insertion, so its first key is the one unused for longest.
    stats.delete(endpoint);
    stats.set(endpoint, stat);
    if (stats.size > MAX_ENDPOINTS) stats.delete(stats.keys().next().value as string);
    return stat;
  }

  async function takeTurn(stat: EndpointStat): Promise<boolean> {
    if (stat.inLine >= MAX_IN_LINE_TRIES) {
      const isMine = await new Promise<boolean>((resolve) => {
        const turn = () => {
          clearTimeout(timer);
          resolve(true);
        };
        const timer = setTimeout(() => {
          stat.waiting.splice(stat.waiting.indexOf(turn), 1);
          resolve(false);
        }, WAIT_FOR_TURN_MS);
        stat.waiting.push(turn);
      });
      if (!isMine) return false;
    }
    stat.inLine += 1;
    return true;
  }

  return {
    recordDuration(url: string, durationMs: number): void {
      of(url).lastDurationMs = durationMs;
    },

    /** A turn for an in-line try, to be ended by the returned function; null if the endpoint is slow or has too many. */
    async reserve(url: string): Promise<(() => void) | null> {
      const stat = of(url);
      if (stat.lastDurationMs >= QUICK_ANSWER_MS || !(await takeTurn(stat))) return null;
      return () => {
        stat.inLine -= 1;
        stat.waiting.shift()?.();
      };
    },
  };
}
