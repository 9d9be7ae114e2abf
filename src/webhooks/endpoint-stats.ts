import type { TryTarget } from '../domain/ports/webhooks.ts';
import { createTenantMemory } from './tenant-memory.ts';

interface EndpointStat {
  /** In-line tries under way in this process. */
  inLine: number;
  /** In-line tries that wait for one of those to end. */
  readonly waiting: (() => void)[];
  /** How long the last answer took, in milliseconds. */
  lastDurationMs: number;
}

/** An endpoint whose last answer took longer is not tried in line. */
const QUICK_ANSWER_MS = 500;
/** How many in-line tries of one endpoint are under way at once. */
const MAX_IN_LINE_TRIES = 4;
/** How long another try waits for its turn. A quick endpoint ends a try within milliseconds. */
const WAIT_FOR_TURN_MS = 250;

/** An endpoint of a tenant. Its id differs from those of other tenants at the same URL. */
type Endpoint = Pick<TryTarget, 'tenant' | 'endpointId'>;

/** How quickly endpoints last answered this process, and whose turn it is. Endpoints that are quick and idle are not kept. */
export function createEndpointStats() {
  const stats = createTenantMemory<EndpointStat>({
    makeUsual: () => ({ inLine: 0, waiting: [], lastDurationMs: 0 }),
    isUsual: ({ inLine, waiting, lastDurationMs }) =>
      inLine === 0 && waiting.length === 0 && lastDurationMs < QUICK_ANSWER_MS,
  });

  /** False if the turn does not come in time. */
  function waitForTurn(stat: EndpointStat): Promise<boolean> | boolean {
    if (stat.inLine < MAX_IN_LINE_TRIES) return true;
    return new Promise<boolean>((resolve) => {
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
  }

  return {
    recordDuration({ tenant, endpointId }: Endpoint, durationMs: number): void {
      stats.change(tenant, endpointId, (stat) => {
        stat.lastDurationMs = durationMs;
      });
    },

    /** Gives an in-line try its turn, and returns the function that ends it; null if the endpoint is slow or busy. */
    async reserve({ tenant, endpointId }: Endpoint): Promise<(() => void) | null> {
      const known = stats.find(tenant, endpointId);
      if (known !== undefined && (known.lastDurationMs >= QUICK_ANSWER_MS || !(await waitForTurn(known))))
        return null;
      const change = stats.change(tenant, endpointId, (stat) => {
        stat.inLine += 1;
      });
      return () => {
        change((stat) => {
          stat.inLine -= 1;
          stat.waiting.shift()?.();
        });
      };
    },
  };
}
