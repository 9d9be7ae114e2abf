import { isIP } from 'node:net';
import { LRUCache } from 'lru-cache';
import { Agent, type buildConnector } from 'undici';
import type { AddressGuard } from '../network/address-guard.ts';
import type { AnswerBounds } from '../network/answer-budget.ts';
import { createGuardedConnect, withoutBrackets } from '../network/guarded-connect.ts';
import type { Lookup } from '../network/names/lookup.ts';

/** How long a name may be looked up for a connection, and how long an address may take to be connected to. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * An answer may be as long as this. Measured: a try costs the thread 0.7 ms if its answer is short, and at most 2.2 ms if the
 * answer uses up these bounds, in whatever form. Without those of reads and lines, it was 11 ms. In segments of the smallest
 * usual size, 64 KiB are 122 reads, and they are up to 16,000 lines.
 */
const BOUNDS: AnswerBounds = {
  bytes: 64 * 1024,
  reads: 128,
  lines: 1_024,
  overhead: Number.POSITIVE_INFINITY,
};

/** Connections of one tenant to one origin. */
const MAX_CONNECTIONS = 64;

/**
 * How long a connection is kept for the next try, whatever its receiver asks for (`Keep-Alive: timeout=…`). Otherwise receivers
 * of one tenant could hold thousands of them for ten minutes.
 */
const KEPT_FOR_MS = 4_000;

/** While a tenant has more connections than this, each one ends with its request. It is more than a tenant's tries at once. */
const MAX_KEPT = 128;

/** An agent without connections is small. The connections of the least recently used one end with their requests. */
const MAX_TENANTS = 1_000;

interface TenantAgent {
  readonly agent: Agent;
  /** Connections of the agent that are open. */
  readonly open: { readonly count: number };
}

/** Each tenant has connections of its own, so its hanging receivers take none of another tenant's at the same origin. */
export function createTenantAgents({ isAllowed, lookup }: { isAllowed: AddressGuard; lookup: Lookup }) {
  const agents = new LRUCache<string, TenantAgent>({
    max: MAX_TENANTS,
    dispose: ({ agent }) => void agent.close(),
  });

  function agentOf(tenant: string): TenantAgent {
    let known = agents.get(tenant);
    if (known === undefined) {
      const open = { count: 0 };
      const agent = new Agent({
        connections: MAX_CONNECTIONS,
        pipelining: 1,
        connect: withCount(
          open,
          createGuardedConnect(isAllowed, {
            timeoutMs: CONNECT_TIMEOUT_MS,
            bounds: BOUNDS,
            lookup: (hostname) =>
              lookup(hostname, { tenant, signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) }),
          }),
        ),
        keepAliveTimeout: KEPT_FOR_MS,
        keepAliveMaxTimeout: KEPT_FOR_MS,
        // The budget ends the answer before. undici's own limit makes an error, 25 µs, for each line above it.
        maxHeaderSize: BOUNDS.bytes + 1,
      });
      known = { agent, open };
      agents.set(tenant, known);
    }
    return known;
  }

  return {
    /**
     * The options of a request, with the tenant's agent, as soon as the name in the URL is known. A connection takes the
     * answer from the look-up's cache. The look-up is made here, because it has to end with its try. A connection does not
     * know which try it is for.
     */
    async ready(
      url: string,
      asker: { tenant: string; signal: AbortSignal },
    ): Promise<{ dispatcher: Agent; reset: boolean }> {
      const host = withoutBrackets(new URL(url).hostname);
      if (isIP(host) === 0) await lookup(host, asker);
      const { agent, open } = agentOf(asker.tenant);
      return { dispatcher: agent, reset: open.count >= MAX_KEPT };
    },

    /** Cuts all connections. */
    async destroy(): Promise<void> {
      await Promise.all([...agents.values()].map(({ agent }) => agent.destroy()));
    },
  };
}

function withCount(open: { count: number }, connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      open.count += 1;
      socket.once('close', () => {
        open.count -= 1;
      });
      return callback(null, socket);
    });
  };
}
