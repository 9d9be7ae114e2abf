import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type TestReceiver } from '../support/receiver.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** A regular file whose reading fails (EINVAL): trouble of the storage, which is retried for 24 h. */
const TROUBLED = '/sys/devices/virtual/net/lo/speed';

const HOUR_MS = 3_600_000;

/** Far below the step, and above every wait of ours in these tests (a first retry comes after 5 s). */
const WITHIN_MS = 15_000;

interface Delivery {
  readonly id: string;
  readonly state: string;
}

describe.each([
  ['back', -HOUR_MS],
  ['ahead', HOUR_MS],
])('after the wall clock of API and worker was set an hour %s', (_direction, stepMs) => {
  let stack: Stack;
  let client: TestClient;
  let receiver: TestReceiver;
  let answer = 200;

  beforeAll(async () => {
    stack = await startStack({
      ASSET_ROOTS: `assets:${TROUBLED.replace(/\/[^/]+$/, '')}`,
      NODE_OPTIONS: `--import=${new URL('../support/step-clock.ts', import.meta.url).href}`,
      CLOCK_STEP_MS: String(stepMs),
    });
    client = createTestClient(stack.baseUrl);
    receiver = await startReceiver((_event, res) => {
      res.writeHead(answer).end();
    });
    const id = await client.submit('./assets/rocket.jpg', { onSuccess: receiver.url });
    await client.verdict(id);
    await eventually(() => receiver.events.length === 1, { what: 'an event before the step' });
    for (const program of [stack.api, stack.worker]) program.signal('SIGUSR2');
    // The step is there once events are signed with the new time.
    await eventually(
      async () => {
        const seen = receiver.events.length;
        await client.submit('./assets/rocket.jpg', { onSuccess: receiver.url });
        await eventually(() => receiver.events.length > seen, { what: 'an event' });
        const signedAt = Number(receiver.events.at(-1)?.headers['webhook-timestamp']) * 1_000;
        return Math.abs(signedAt - Date.now() - stepMs) < HOUR_MS / 2;
      },
      { what: 'the step' },
    );
  });
  afterAll(async () => {
    await stack?.stop();
    await receiver?.close();
  });

  const deliveriesOf = (id: string) => client.read<Delivery[]>(`/webhooks/deliveries?asset=${id}`);

  it('an asset is canceled', async () => {
    const id = await client.submit(TROUBLED);
    await eventually(
      async () =>
        (await client.read<{ steps: { error: string | null }[] }>(`/assets/${id}/details`)).steps.some(
          ({ error }) => error !== null,
        ),
      { what: 'the trouble' },
    );
    expect((await client.call('POST', `/assets/${id}/cancel`)).status).toBe(202);
    expect(await client.verdict(id, WITHIN_MS)).toEqual({ id, state: 'canceled' });
  });

  it('an asset is validated again', async () => {
    const id = await client.submit('./assets/rocket.jpg');
    await client.verdict(id);
    expect((await client.call('POST', `/assets/${id}/retry`)).status).toBe(202);
    expect(await client.verdict(id, WITHIN_MS)).toMatchObject({ state: 'complete' });
  });

  it('a leased asset is dispatched when its lease has run out', async () => {
    const id = uuidv7();
    await stack.database.query(
      `INSERT INTO assets (id, owner, location, path, lease_until)
       VALUES (?, 'default', 'local', './assets/rocket.jpg', now() + interval '2 s')`,
      [id],
    );
    expect(await client.verdict(id, WITHIN_MS)).toMatchObject({ state: 'complete' });
  });

  it('a delivery is tried again on its schedule, and replayed at once', async () => {
    answer = 503;
    const id = await client.submit('./assets/rocket.jpg', { onSuccess: `${receiver.url}/again` });
    const tries = () => receiver.events.filter(({ path }) => path === '/again');
    await eventually(() => tries().length === 1, { what: 'the first try' });
    answer = 200;
    await eventually(() => tries().length === 2, { what: 'the second try', withinMs: WITHIN_MS });
    expect((tries()[1]?.at ?? 0) - (tries()[0]?.at ?? 0)).toBeGreaterThanOrEqual(4_400);
    const [delivery] = await eventually(async () => {
      const found = await deliveriesOf(id);
      return found[0]?.state === 'delivered' && found;
    });
    expect((await client.call('POST', `/webhooks/deliveries/${delivery?.id}/replay`)).status).toBe(202);
    await eventually(() => tries().length === 3, { what: 'the replayed try', withinMs: WITHIN_MS });
  });
});
