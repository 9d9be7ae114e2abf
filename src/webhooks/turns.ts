import type { TryTarget, WebhookTurns } from '../domain/webhook-ports.ts';
import { createEndpointStats } from './endpoint-stats.ts';
import { createOriginGate } from './origin-gate.ts';
import { createTenantPace } from './tenant-pace.ts';

export interface TurnsDeps {
  /** Tries that a tenant gets in a minute. */
  readonly eventsPerMinute: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What is known of a try: how long it took, and whether the origin answered, and not that it can't (5xx, 429). */
interface Outcome {
  readonly durationMs: number;
  readonly isAlive: boolean;
}

/** Who may be tried now: a tenant has tries left, its receiver's origin takes them, and in line the endpoint is quick. */
export function createTurns({ eventsPerMinute, now, random }: TurnsDeps): WebhookTurns & {
  record(url: string, outcome: Outcome): void;
} {
  const stats = createEndpointStats();
  const gate = createOriginGate({ now, random });
  const pace = createTenantPace({ eventsPerMinute, now });

  function reserve({ url, owner }: TryTarget): ReturnType<WebhookTurns['reserve']> {
    const tenantMs = pace.blockedForMs(owner);
    if (tenantMs > 0) return { outcome: 'blocked', by: 'tenant', waitMs: tenantMs };
    const entered = gate.enter(url);
    if (typeof entered === 'number') return { outcome: 'blocked', by: 'origin', waitMs: entered };
    pace.take(owner);
    return { outcome: 'turn', end: entered };
  }

  function blockedForMs({ url, owner }: TryTarget): number {
    return Math.max(gate.blockedForMs(url), pace.blockedForMs(owner));
  }

  return {
    blockedForMs,
    blockedTenants: pace.blockedTenants,
    reserve,

    async reserveInLine(target) {
      // Before it waits for its turn at the endpoint, not only after.
      const waitMs = blockedForMs(target);
      if (waitMs > 0)
        return {
          outcome: 'blocked',
          by: pace.blockedForMs(target.owner) > 0 ? 'tenant' : 'origin',
          waitMs,
        };
      const endInLine = await stats.reserve(target.url);
      if (endInLine === null) return { outcome: 'not_in_line' };
      const turn = reserve(target);
      if (turn.outcome === 'blocked') {
        endInLine();
        return turn;
      }
      return {
        outcome: 'turn',
        end() {
          turn.end();
          endInLine();
        },
      };
    },

    record(url, { durationMs, isAlive }) {
      stats.recordDuration(url, durationMs);
      gate.record(url, isAlive);
    },
  };
}
