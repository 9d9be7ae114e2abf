import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

const POLL_MS = 200;
const PROBE_TIMEOUT_MS = 3_000;
/** As load balancers do: they leave out a backend only after more than one late answer. */
const FAILURES_TO_LEAVE = 2;

/** Longer than a test, because a connection that closes as a client sends would look like a lost request. */
const KEPT_FOR_MS = 120_000;

export interface TestProxy {
  readonly url: string;
  /** Requests that no backend answered. */
  readonly failures: string[];
  /** How many requests each backend got, by its URL. */
  readonly sent: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/**
 * A simple load balancer. It polls each backend's `/readyz`, and sends to the ready ones in turn over connections that it
 * keeps. It never sends a request twice, so the client sees every fault of a backend.
 */
export async function startProxy(backends: readonly string[]): Promise<TestProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const failures: string[] = [];
  const sent = new Map(backends.map((backend) => [backend, 0]));
  const failedProbes = new Map(backends.map((backend) => [backend, FAILURES_TO_LEAVE]));
  const lastAnswers = new Map<string, string>();
  const closed = new AbortController();
  let turn = 0;

  async function probe(backend: string): Promise<void> {
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
    const { ok, body } = await fetch(`${backend}/readyz`, { signal }).then(
      async (answer) => ({ ok: answer.ok, body: await answer.text() }),
      (error: unknown) => ({ ok: false, body: String(error) }),
    );
    failedProbes.set(backend, ok ? 0 : (failedProbes.get(backend) ?? 0) + 1);
    lastAnswers.set(backend, body);
  }
  const isReady = (backend: string) => (failedProbes.get(backend) ?? 0) < FAILURES_TO_LEAVE;

  /** Probes one after the other, because a late answer must not replace a newer one. */
  async function watch(backend: string): Promise<void> {
    while (!closed.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      await probe(backend);
    }
  }
  await Promise.all(backends.map(probe));
  const watching = backends.map(watch);

  const server = createServer({ keepAliveTimeout: KEPT_FOR_MS }, (incoming, outgoing) => {
    const ready = backends.filter(isReady);
    const backend = ready[turn % ready.length];
    turn += 1;
    const fail = (why: string) => {
      failures.push(`${incoming.method} ${incoming.url} to ${backend}: ${why}`);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502).end();
    };
    if (backend === undefined) return fail(`nobody is ready: ${[...lastAnswers.values()].join(' ')}`);
    sent.set(backend, (sent.get(backend) ?? 0) + 1);
    const { method, url } = incoming;
    // Each side decides about its own connection.
    const { connection: _ours, ...headers } = incoming.headers;
    const onward = request(`${backend}${url}`, { agent, method, headers });
    onward.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    onward.once('response', (answer) => {
      const { connection: _its, ...passedOn } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, passedOn);
      pipeline(answer, outgoing, (error) => {
        if (error) failures.push(`${method} ${url} to ${backend}: ${error.message}`);
      });
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) =>
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve),
  );

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failures,
    sent,
    async close() {
      closed.abort();
      await Promise.all(watching);
      server.closeAllConnections();
      agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
