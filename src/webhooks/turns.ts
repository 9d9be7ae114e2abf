import type { TryResult, TryTarget, WebhookTurns } from '../domain/ports/webhooks.ts';
import { createEndpointStats } from './endpoint-stats.ts';
import { createOriginGate } from './origin-gate.ts';
import { createTenantPace } from './tenant-pace.ts';

export interface TurnsDeps {
  /** How many tries a tenant gets in a minute. */
  readonly eventsPerMinute: number;
  /** `required`: an endpoint gets events only once it has answered a challenge. */
  readonly challenge: 'off' | 'required';
  /** Milliseconds of the monotonic clock (`performance.now`), so a step of the wall clock moves no wait. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface Turns extends WebhookTurns {
  /** Whether the endpoint is to be challenged first. */
  needsProof(target: Pick<TryTarget, 'endpoint'>): boolean;
  /** `isProven`: whether the challenge was answered; null if there was none. */
  record(
    target: Pick<TryTarget, 'tenant' | 'url' | 'endpointId'>,
    result: Pick<TryResult, 'status' | 'durationMs'>,
    isProven: boolean | null,
  ): void;
}

/** A try gets its turn if its tenant has tries left and its receiver takes them. In line, the endpoint must be quick, too. */
export function createTurns({ eventsPerMinute, challenge, now, random }: TurnsDeps): Turns {
  const stats = createEndpointStats();
  const origins = createOriginGate({ now, random });
  /**
   * Endpoints that must answer a challenge, by id. An endpoint that leaves challenges unanswered gets no more of them for a
   * while. They are not counted by origin, because a wrong URL of one tenant would hold up the other tenants there.
   */
  const unproven = createOriginGate({ now, random });
  const pace = createTenantPace({ eventsPerMinute, now });

  /** An endpoint that is not known here may need a proof. */
  function needsProof({ endpoint }: Pick<TryTarget, 'endpoint'>): boolean {
    return challenge === 'required' && endpoint?.isVerified !== true;
  }

  function enter(target: TryTarget): (() => void) | number {
    const leaveOrigin = origins.enter(target.url, target.tenant);
    if (typeof leaveOrigin === 'number' || !needsProof(target)) return leaveOrigin;
    const leaveEndpoint = unproven.enter(target.endpointId, target.tenant);
    if (typeof leaveEndpoint === 'number') {
      leaveOrigin();
      return leaveEndpoint;
    }
    return () => {
      leaveEndpoint();
      leaveOrigin();
    };
  }

  function reserve(target: TryTarget): ReturnType<WebhookTurns['reserve']> {
    const tenantMs = pace.blockedForMs(target.tenant);
    if (tenantMs > 0) return { outcome: 'blocked', by: 'tenant', waitMs: tenantMs };
    const entered = enter(target);
    if (typeof entered === 'number') return { outcome: 'blocked', by: 'receiver', waitMs: entered };
    const leaveTenant = pace.take(target.tenant, target.eventsPerMinute ?? undefined);
    return {
      outcome: 'turn',
      end() {
        entered();
        leaveTenant();
      },
    };
  }

  function blockedForMs(target: TryTarget): number {
    return Math.max(
      pace.blockedForMs(target.tenant),
      origins.blockedForMs(target.url, target.tenant),
      needsProof(target) ? unproven.blockedForMs(target.endpointId, target.tenant) : 0,
    );
  }

  return {
    needsProof,
    blockedForMs,
    blockedTenants: pace.blockedTenants,
    reserve,

    async reserveInLine(target) {
      // Checked before the wait for a turn at the endpoint, and again after it.
      const waitMs = blockedForMs(target);
      const by = pace.blockedForMs(target.tenant) > 0 ? 'tenant' : 'receiver';
      if (waitMs > 0) return { outcome: 'blocked', by, waitMs };
      const endInLine = await stats.reserve(target);
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

    record({ url, tenant, endpointId }, { status, durationMs }, isProven) {
      stats.recordDuration({ tenant, endpointId }, durationMs);
      origins.record(url, status !== null && status < 500 && status !== 429, tenant);
      if (isProven !== null) unproven.record(endpointId, isProven, tenant);
    },
  };
}
