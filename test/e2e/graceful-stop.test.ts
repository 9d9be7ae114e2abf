import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { expectWithin, slowness } from '../support/machine-pace.ts';
import { type Stack, startStack } from '../support/stack.ts';

const DRAIN_DELAY_S = 3;
const SUBMISSION = { assetPath: { location: 'local', path: './assets/rocket.jpg' } };

describe('an API that is told to stop', () => {
  let stack: Stack;
  let client: TestClient;

  beforeAll(async () => {
    stack = await startStack({ DRAIN_DELAY_S: String(DRAIN_DELAY_S) });
    client = createTestClient(stack.baseUrl);
  });
  afterAll(() => stack?.stop());

  const draining = () =>
    eventually(async () => {
      const readyz = await client.call('GET', '/readyz');
      return readyz.status === 503 && readyz;
    });

  it('reports it at /readyz first, accepts and answers until DRAIN_DELAY_S is over, then ends with code 0', async () => {
    const begin = performance.now();
    stack.api.signal('SIGTERM');
    expect(await (await draining()).json()).toMatchObject({ type: 'urn:validatr:error:draining' });
    expectWithin(performance.now() - begin, 1_000);

    let accepted = 0;
    while (performance.now() - begin < (DRAIN_DELAY_S - 1) * 1_000) {
      const response = await client.call('POST', '/assets/image/', SUBMISSION);
      expect([response.status, response.headers.get('connection')]).toEqual([202, 'close']);
      accepted += 1;
    }
    if (accepted <= 10) expect(accepted).toBeGreaterThan(10 / slowness());
    expect(await stack.api.ended()).toBe(0);
    expect(performance.now() - begin).toBeGreaterThan(DRAIN_DELAY_S * 1_000);
    await expect(client.call('GET', '/healthz')).rejects.toThrow('fetch failed');
  });

  it('counts a signal that comes twice, from the terminal and from npm, once', async () => {
    await stack.startApi();
    stack.api.signal('SIGINT');
    stack.api.signal('SIGINT');
    stack.api.signal('SIGTERM');
    expect(await (await draining()).json()).toMatchObject({ type: 'urn:validatr:error:draining' });
    expect(await stack.api.ended()).toBe(0);
  });

  it('ends at once at a signal that comes later', async () => {
    await stack.startApi({ DRAIN_DELAY_S: '300' });
    stack.api.signal('SIGTERM');
    await draining();
    const since = performance.now();
    await eventually(() => performance.now() - since > 1_100, { what: 'a second later' });
    const begin = performance.now();
    stack.api.signal('SIGTERM');
    expect(await stack.api.ended()).toBe(1);
    expectWithin(performance.now() - begin, 1_000);
  });
});
