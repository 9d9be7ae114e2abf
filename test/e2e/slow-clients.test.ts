import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { expectWithin } from '../support/machine-pace.ts';
import type { SlowClientFigures } from '../support/slow-clients.ts';
import { type Stack, startStack } from '../support/stack.ts';

const SLOW_HEADERS = 500;
const SLOW_BODIES = 500;
const SECONDS = 60;
/** Fewer than there are slow bodies. If slow bodies counted, no other client would get in. */
const REQUESTS_IN_FLIGHT_MAX = 200;
const HONEST_PER_S = 50;
/** Well below the ceiling, because on a busy machine the honest clients must not overload the API themselves. */
const HONEST_AT_ONCE = 50;
const CUT_AFTER_MS = 10_000;
/** Honest clients alone, for comparison. */
const ALONE_MS = 10_000;

describe('among a thousand clients that send a byte now and then', () => {
  let stack: Stack;
  let client: TestClient;

  beforeAll(async () => {
    stack = await startStack({ REQUESTS_IN_FLIGHT_MAX: String(REQUESTS_IN_FLIGHT_MAX), LOG_LEVEL: 'warn' });
    client = createTestClient(stack.baseUrl);
  });
  afterAll(() => stack?.stop());

  async function slowClients(): Promise<SlowClientFigures> {
    const numbers = [Number(stack.env['PORT']), SLOW_HEADERS, SLOW_BODIES, SECONDS].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, [
      'test/support/slow-clients.ts',
      ...numbers,
    ]);
    return JSON.parse(stdout) as SlowClientFigures;
  }

  it('every honest request is answered within a second, and the slow ones are cut in time', async () => {
    const id = await client.submit('./assets/rocket.jpg');
    const statuses: Record<string, number> = {};
    let tookMs: number[] = [];
    const honest = async (turn: number) => {
      const begin = performance.now();
      const answer = await (turn % 5 === 0
        ? client.call('POST', '/assets/image/', {
            assetPath: { location: 'local', path: './assets/rocket.jpg' },
          })
        : client.call('GET', turn % 5 === 1 ? `/assets/${id}/details` : `/assets/${id}`));
      await answer.arrayBuffer();
      tookMs.push(performance.now() - begin);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    };

    /** Sends at a steady rate until told to stop. Returns how long each answer took, in order. */
    async function sendUntil(isOver: () => boolean): Promise<number[]> {
      tookMs = [];
      const begin = performance.now();
      const underWay = new Set<Promise<void>>();
      for (let sent = 0; !isOver(); sent += 1) {
        const dueMs = begin + (sent * 1_000) / HONEST_PER_S - performance.now();
        if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
        if (underWay.size >= HONEST_AT_ONCE) await Promise.race(underWay);
        const request = honest(sent).finally(() => void underWay.delete(request));
        underWay.add(request);
      }
      await Promise.all(underWay);
      return tookMs.toSorted((a, b) => a - b);
    }
    const at = (times: readonly number[], part: number) =>
      Math.round(times[Math.floor(part * (times.length - 1))] ?? NaN);

    const aloneUntil = performance.now() + ALONE_MS;
    const alone = await sendUntil(() => performance.now() > aloneUntil);
    let isOver = false;
    const slow = slowClients().finally(() => (isOver = true));
    const among = await sendUntil(() => isOver);
    const figures = await slow;

    const honestMs = { p50: at(among, 0.5), p99: at(among, 0.99), max: at(among, 1), alone: at(alone, 0.99) };
    process.stdout.write(`slow clients: ${JSON.stringify({ statuses, honestMs, ...figures })}\n`);
    expect(Object.keys(statuses).sort()).toEqual(['200', '202']);
    expectWithin(
      (SECONDS * 1_000) / among.length,
      1_000 / (0.9 * HONEST_PER_S),
      'the time between honest requests',
    );
    // A machine that needs half a second for the honest clients alone can't serve both within a second.
    expectWithin(honestMs.p99, Math.max(1_000, 2 * honestMs.alone), 'the 99th percentile of honest requests');
    // A client is cut after 10 s, and the API looks every second. That is four times in this minute, with room for a pause.
    for (const [kind, clients] of [
      ['headers', SLOW_HEADERS],
      ['bodies', SLOW_BODIES],
    ] as const)
      expectWithin((SECONDS * 1_000 * clients) / figures.cut[kind], 15_000, `a cut for slow ${kind}`);
    expectWithin(figures.longestMs.headers - CUT_AFTER_MS, 4_000, 'the latest cut for slow headers');
    expectWithin(figures.longestMs.bodies - CUT_AFTER_MS, 2_000, 'the latest cut for slow bodies');
    expect(figures.told).toEqual(figures.cut);
  });
});
