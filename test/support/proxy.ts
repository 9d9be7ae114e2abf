import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

const POLL_MS = 200;

/** Longer than a test: a connection that closes just when a client sends would look like a lost request. */
const KEPT_FOR_MS = 120_000;

export interface TestProxy {
  readonly url: string;
  /** Requests that got no answer of a backend. */
  readonly failures: string[];
  /** How many requests each backend got, by its URL. */
  readonly sent: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/**
 * A load balancer as simple as they come: polls each backend's `/readyz`, sends to those that are ready in turn, over
 * connections that it keeps, and never sends a request twice: a fault of a backend is the client's to see.
 */
export async function startProxy(backends: readonly string[]): Promise<TestProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const failures: string[] = [];
  const sent = new Map(backends.map((backend) => [backend, 0]));
  let ready: string[] = [];
  let turn = 0;

  async function poll(): Promise<void> {
    const answers = await Promise.all(
      backends.map((backend) =>
        fetch(`${backend}/readyz`, { signal: AbortSignal.timeout(1_000) }).then(
          (answer) => answer.ok,
          () => false,
        ),
      ),
    );
    ready = backends.filter((_backend, index) => answers[index]);
  }
  await poll();
  const polling = setInterval(() => void poll(), POLL_MS);

  const server = createServer({ keepAliveTimeout: KEPT_FOR_MS }, (incoming, outgoing) => {
    const backend = ready[turn % ready.length];
    turn += 1;
    const fail = (why: string) => {
      failures.push(`${incoming.method} ${incoming.url} to ${backend}: ${why}`);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502).end();
    };
    if (backend === undefined) return fail('no backend is ready');
    sent.set(backend, (sent.get(backend) ?? 0) + 1);
    const { method, url } = incoming;
    // Of its own connection each side decides for itself.
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failures,
    sent,
    async close() {
      clearInterval(polling);
      server.closeAllConnections();
      agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
