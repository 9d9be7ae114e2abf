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

  it('goes on accepting, says so at /readyz, and validates all when it is back', async () => {
    const client = createTestClient(stack.baseUrl);
    const ids: string[] = [];
    for (let index = 0; index < ASSETS / 4; index += 1) ids.push(await client.submit('./assets/rocket.jpg'));

    await temporal.stop();
    const awayUntil = performance.now() + AWAY_MS;
    while (ids.length < ASSETS) ids.push(await client.submit('./assets/rocket.jpg'));
    expect((await client.call('GET', '/readyz')).status).toBe(503);
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
    await eventually(async () => (await client.call('GET', '/readyz')).ok, {
      what: 'readiness',
    });
  });
});
