import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startEmbeddedTemporal } from '../../src/dev/embedded-temporal.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { createTestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';

const ASSETS = 200;
const AWAY_MS = 20_000;

describe('while Temporal is away', () => {
  let dir: string;
  let stack: Stack;
  let temporal: Awaited<ReturnType<typeof start>>;
  let ports: { port: number; uiPort: number };

  const start = () =>
    startEmbeddedTemporal({
      cliPath: inject('temporalCli'),
      dataDir: dir,
      ...ports,
      namespace: 'default',
      log: () => undefined,
    });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-temporal-'));
    ports = { port: await freePort(), uiPort: await freePort() };
    temporal = await start();
    stack = await startStack({ TEMPORAL_ADDRESS: temporal.address, LOG_LEVEL: 'warn' });
  });
  afterAll(async () => {
    await stack?.stop();
    await temporal?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('goes on accepting, stays ready, says what is away at /readyz, and validates all when it is back', async () => {
    const client = createTestClient(stack.baseUrl);
    const ids: string[] = [];
    for (let index = 0; index < ASSETS / 4; index += 1) ids.push(await client.submit('./assets/rocket.jpg'));

    await temporal.stop();
    const awayUntil = performance.now() + AWAY_MS;
    while (ids.length < ASSETS) ids.push(await client.submit('./assets/rocket.jpg'));
    // The result of a look holds for half a second.
    const readyz = await eventually(
      async () => {
        const answer = await client.call('GET', '/readyz');
        const body = (await answer.json()) as { checks: Record<string, string> };
        return body.checks['temporal'] === 'unavailable' && { status: answer.status, body };
      },
      { what: '/readyz to say so' },
    );
    expect(readyz).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        checks: { postgres: 'ok', temporal: 'unavailable', worker: 'ok', storage: 'ok' },
        reasons: { temporal: expect.any(String) as string },
      },
    });
    expect((await client.call('GET', '/startupz')).status).toBe(200);
    await eventually(() => performance.now() >= awayUntil, { what: 'the end of the time away' });

    temporal = await start();
    await eventually(
      async () => {
        const [row] = await stack.database.query<{ open: string }>(
          'SELECT count(*) AS open FROM assets WHERE finished_at IS NULL',
        );
        return Number(row?.open) === 0;
      },
      { everyMs: 200, what: 'all verdicts' },
    );
    const states = await stack.database.query(
      'SELECT state, count(*)::int AS count FROM assets GROUP BY state',
    );
    expect(states).toEqual([{ state: 'complete', count: ASSETS }]);
    await eventually(
      async () => {
        const { checks } = await client.read<{ checks: Record<string, string> }>('/readyz');
        return checks['temporal'] === 'ok';
      },
      { what: '/readyz to say so' },
    );
  });
});
