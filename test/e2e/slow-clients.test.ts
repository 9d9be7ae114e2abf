import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import type { SlowClientFigures } from '../support/slow-clients.ts';
import { type Stack, startStack } from '../support/stack.ts';

const SLOW_HEADERS = 500;
const SLOW_BODIES = 500;
const SECONDS = 60;
/** Fewer than there are slow bodies: if these counted, nobody else would get in. */
const REQUESTS_IN_FLIGHT_MAX = 200;
const HONEST_PER_S = 50;

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

  it(
    'every honest request is answered within a second, and the slow ones are cut in time',
    async () => {
      const id = await client.submit('./assets/rocket.jpg');
      const statuses: Record<string, number> = {};
      const tookMs: number[] = [];
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

      let figures: SlowClientFigures | undefined;
      const slow = slowClients().then((found) => {
        figures = found;
      });
      const begin = performance.now();
      const requests: Promise<void>[] = [];
      while (figures === undefined) {
        const dueMs = begin + (requests.length * 1_000) / HONEST_PER_S - performance.now();
        if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
        requests.push(honest(requests.length));
      }
      await Promise.all([slow, ...requests]);

      tookMs.sort((a, b) => a - b);
      const percentile = (part: number) => Math.round(tookMs[Math.floor(part * (tookMs.length - 1))] ?? NaN);
      const honestMs = { p50: percentile(0.5), p99: percentile(0.99), max: percentile(1) };
      process.stdout.write(`slow clients: ${JSON.stringify({ statuses, honestMs, ...figures })}\n`);
      expect(Object.keys(statuses).sort()).toEqual(['200', '202']);
      expect(tookMs.length).toBeGreaterThan(SECONDS * HONEST_PER_S * 0.9);
      expect(honestMs.p99).toBeLessThanOrEqual(1_000);
      // Cut after 10 s, and looked for every second: four times a minute at least, with room for a busy machine.
      expect(figures.cut.headers).toBeGreaterThanOrEqual(SLOW_HEADERS * 4);
      expect(figures.cut.bodies).toBeGreaterThanOrEqual(SLOW_BODIES * 4);
      expect(figures.longestMs.headers).toBeLessThan(14_000);
      expect(figures.longestMs.bodies).toBeLessThan(12_000);
      expect(figures.told).toEqual(figures.cut);
    },
    (SECONDS + 60) * 1_000,
  );
});
