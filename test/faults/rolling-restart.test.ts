import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../src/dev/free-port.ts';
import { createTestClient, type TestClient } from '../support/client.ts';
import { eventually, untilAll } from '../support/eventually.ts';
import { startProxy, type TestProxy } from '../support/proxy.ts';
import { type Program, type Stack, startStack } from '../support/stack.ts';

const REQUESTS_PER_S = 200;
const TICK_MS = 10;
/** The most requests under way. A slow machine gets fewer a second, because a backlog would take processor time from the APIs. */
const AT_ONCE = 100;
/** The default, because probes of the load balancer take seconds on a busy machine. */
const DRAIN_DELAY_S = '5';
/** One of this many requests reads. */
const READS = 2;

/** Fails at its first step. Restarts treat every asset alike, and this one is cheap. */
const SUBMISSION = { assetPath: { location: 'local', path: './assets/there-is-none.jpg' } };

/** A deployment: two APIs behind a load balancer and one worker, each replaced in turn, under load. */
describe('a rolling restart', () => {
  let stack: Stack;
  let proxy: TestProxy;
  let client: TestClient;
  let apis: { readonly port: string; readonly url: string; readonly process: Program }[];

  beforeAll(async () => {
    stack = await startStack({ LOG_LEVEL: 'warn', DRAIN_DELAY_S });
    const port = String(await freePort());
    const first = { port: stack.env['PORT'] ?? '', url: stack.baseUrl, process: stack.api };
    const second = { port, url: `http://127.0.0.1:${port}`, process: await stack.startApi({ PORT: port }) };
    apis = [first, second];
    proxy = await startProxy([first.url, second.url]);
    client = createTestClient(proxy.url);
  });
  afterAll(async () => {
    await proxy?.close();
    await stack?.stop();
  });

  /**
   * Sends at a fixed rate while not too many requests wait for their answers. Ends when told to stop, at the latest at the end
   * of the test.
   */
  function startLoad() {
    const accepted: string[] = [];
    const failed: string[] = [];
    const underWay = new Set<Promise<void>>();
    const begin = performance.now();
    let count = 0;
    let leftOut = 0;

    async function send(isRead: boolean): Promise<void> {
      const response = isRead
        ? await client.call('GET', `/assets/${accepted.at(-1)}`)
        : await client.call('POST', '/assets/image/', SUBMISSION);
      const body = (await response.json()) as { id: string };
      if (response.status === (isRead ? 200 : 202)) {
        if (!isRead) accepted.push(body.id);
      } else {
        failed.push(`${response.status} ${JSON.stringify(body)}`);
      }
    }

    const sending = setInterval(() => {
      const due = ((performance.now() - begin) * REQUESTS_PER_S) / 1_000 - leftOut;
      for (; count < due; count += 1) {
        if (underWay.size >= AT_ONCE) {
          leftOut += due - count;
          return;
        }
        const request = send(count % READS === 0 && accepted.length > 0)
          .catch((error: unknown) => void failed.push(String(error)))
          .finally(() => void underWay.delete(request));
        underWay.add(request);
      }
    }, TICK_MS);
    async function end(): Promise<void> {
      clearInterval(sending);
      await Promise.all(underWay);
    }
    onTestFinished(end);
    return { accepted, failed, sent: () => count, end };
  }

  it('of both APIs and the worker fails no request and ends every accepted asset', async () => {
    const load = startLoad();
    await eventually(() => load.accepted.length >= REQUESTS_PER_S, { what: 'load' });

    for (const { port, url, process } of apis) {
      process.signal('SIGTERM');
      expect(await process.ended()).toBe(0);
      const before = proxy.sent.get(url);
      await stack.startApi({ PORT: port });
      await eventually(() => proxy.sent.get(url) !== before, { what: `requests to ${url} again` });
    }
    const worker = stack.worker;
    await stack.startWorker();
    worker.signal('SIGTERM');
    expect(await worker.ended()).toBe(0);

    await eventually(() => load.sent() > 5 * REQUESTS_PER_S, { what: 'enough requests' });
    await load.end();
    expect([...load.failed, ...proxy.failures]).toEqual([]);
    await untilAll(
      async () => {
        const [row] = await stack.database.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM assets
           WHERE finished_at IS NOT NULL AND id IN (SELECT jsonb_array_elements_text(?::jsonb)::uuid)`,
          [JSON.stringify(load.accepted)],
        );
        return row?.count ?? 0;
      },
      load.accepted.length,
      'verdicts',
    );
  });
});
