import { isIP } from 'node:net';
import { LRUCache } from 'lru-cache';
import { Agent } from 'undici';
import type { AddressGuard } from './address-guard.ts';
import { MAX_ANSWER_BYTES, withAnswerBudget } from './answer-budget.ts';
import { createGuardedConnect, withoutBrackets } from './guarded-connect.ts';
import type { Lookup } from './names/lookup.ts';

/** How long a name may be looked up for a connection, and how long an address may take to be connected to. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Connections of one tenant to one origin. */
const MAX_CONNECTIONS = 64;

/** An agent without connections is small. The connections of the least recently used one end with their requests. */
const MAX_TENANTS = 1_000;

/** Each tenant has connections of its own, so its hanging receivers take none of another tenant's at the same origin. */
export function createTenantAgents({ isAllowed, lookup }: { isAllowed: AddressGuard; lookup: Lookup }) {
  const agents = new LRUCache<string, Agent>({
    max: MAX_TENANTS,
    dispose: (agent) => void agent.close(),
  });

  function agentOf(tenant: string): Agent {
    let agent = agents.get(tenant);
    if (agent === undefined) {
      agent = new Agent({
        connections: MAX_CONNECTIONS,
        pipelining: 1,
        connect: withAnswerBudget(
          createGuardedConnect(isAllowed, {
            timeoutMs: CONNECT_TIMEOUT_MS,
            lookup: (hostname) =>
              lookup(hostname, { tenant, signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) }),
          }),
        ),
        // The budget ends the answer before. undici's own limit makes an error, 25 µs, for each line above it.
        maxHeaderSize: MAX_ANSWER_BYTES + 1,
      });
      agents.set(tenant, agent);
    }
    return agent;
  }

  return {
    /**
     * The tenant's agent, as soon as the name in the URL is known. A connection takes the answer from the look-up's cache.
     * The look-up is made here, because it has to end with its try. A connection does not know which try it is for.
     */
    async ready(url: string, asker: { tenant: string; signal: AbortSignal }): Promise<Agent> {
      const host = withoutBrackets(new URL(url).hostname);
      if (isIP(host) === 0) await lookup(host, asker);
      return agentOf(asker.tenant);
    },

    /** Cuts all connections. */
    async destroy(): Promise<void> {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}
