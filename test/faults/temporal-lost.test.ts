import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type EmbeddedTemporal, startEmbeddedTemporal } from '../../src/dev/embedded-temporal.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { createTestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type TestReceiver } from '../support/receiver.ts';
import { type Stack, startStack } from '../support/stack.ts';

const ASSETS = 150;

describe('after Temporal has lost its data', () => {
  let dir: string;
  let stack: Stack;
  let receiver: TestReceiver;
  let temporal: EmbeddedTemporal;
  let ports: { port: number; uiPort: number };

  const start = (namespace: string): Promise<EmbeddedTemporal> =>
    startEmbeddedTemporal({
      cliPath: inject('temporalCli'),
      dataDir: join(dir, 'temporal'),
      ...ports,
      namespace,
      log: () => undefined,
    });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-temporal-'));
    ports = { port: await freePort(), uiPort: await freePort() };
    temporal = await start('default');
    receiver = await startReceiver();
    stack = await startStack({ TEMPORAL_ADDRESS: temporal.address, STEP_EXECUTION: 'regular' });
  });
  afterEach(async () => {
    await stack?.stop();
    await receiver?.close();
    await temporal?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const count = async (where: string) => {
    const [row] = await stack.database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM assets WHERE ${where}`,
    );
    return row?.n ?? 0;
  };

  it.each([
    ['an empty namespace', true],
    ['not even our namespace', false],
  ])('validates every accepted asset, though the new server has %s', async (_what, hasNamespace) => {
    const client = createTestClient(stack.baseUrl);
    const notifications = { onStart: receiver.url, onSuccess: receiver.url };
    const submitHalf = () =>
      Promise.all(
        Array.from({ length: ASSETS / 2 }, () => client.submit('./assets/rocket.jpg', notifications)),
      );
    await submitHalf();
    await eventually(async () => (await count(`state = 'in_progress'`)) > 0, { what: 'work in progress' });

    await temporal.stop();
    await rm(join(dir, 'temporal'), { recursive: true });
    await submitHalf();
    expect(await count(`state = 'in_progress'`)).toBeGreaterThan(0);
    expect(await count(`state = 'queued'`)).toBeGreaterThan(0);

    temporal = await start(hasNamespace ? stack.namespace : 'default');
    await eventually(async () => (await count('finished_at IS NULL')) === 0, {
      everyMs: 200,
      what: 'all verdicts',
    });
    expect(await count(`state = 'complete'`)).toBe(ASSETS);
    await eventually(
      async () => {
        const pending = await stack.database.query(`SELECT 1 FROM deliveries WHERE state <> 'delivered'`);
        return pending.length === 0;
      },
      { what: 'all events' },
    );
    // Two events an asset, each under one id.
    expect(new Set(receiver.events.map(({ headers }) => headers['webhook-id'])).size).toBe(2 * ASSETS);
    for (const program of [stack.api, stack.worker]) expect(program.process.exitCode).toBeNull();
    await eventually(
      async () => {
        const { checks } = await client.read<{ checks: Record<string, string> }>('/readyz');
        return checks['temporal'] === 'ok';
      },
      { what: 'a whole namespace' },
    );
  });
});
