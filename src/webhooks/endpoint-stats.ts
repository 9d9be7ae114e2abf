import { LRUCache } from 'lru-cache';

interface EndpointStat {
  /** In-line tries under way in this process. */
  inLine: number;
  /** In-line tries that wait for one of those to end. */
  readonly waiting: (() => void)[];
  /** How long the last answer took, in milliseconds; 0 before the first. */
  lastDurationMs: number;
}

/** An endpoint whose last answer took longer is not tried in line. */
const QUICK_ANSWER_MS = 500;
/** How many in-line tries of one endpoint are under way at once. */
const MAX_IN_LINE_TRIES = 4;
/** How long another try waits for its turn. A quick endpoint ends a try within milliseconds. */
const WAIT_FOR_TURN_MS = 250;

/** How many endpoints are remembered. The least recently used is forgotten first. */
const MAX_ENDPOINTS = 10_000;

/** How quickly endpoints (URLs without query and fragment) last answered this process, and whose turn it is. */
export function createEndpointStats() {
  const stats = new LRUCache<string, EndpointStat>({ max: MAX_ENDPOINTS });

  function of(url: string): EndpointStat {
    const endpoint = url.replace(/[?#].*$/s, '');
    let stat = stats.get(endpoint);
    if (stat === undefined) {
      stat = { inLine: 0, waiting: [], lastDurationMs: 0 };
      stats.set(endpoint, stat);
    }
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

    /** Gives an in-line try its turn, and returns the function that ends it; null if the endpoint is slow or busy. */
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
