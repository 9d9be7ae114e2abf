import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { runCli } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { type ReceivedEvent, startReceiver, type TestReceiver } from '../support/receiver.ts';
import { type Stack, startStack } from '../support/stack.ts';

interface Delivery {
  readonly id: string;
  readonly assetId: string | null;
  readonly event: string;
  readonly endpointId: string;
  readonly url: string;
  readonly state: string;
  readonly failure: string | null;
  readonly dueAt: string | null;
  readonly tries: {
    status: number | null;
    error: string | null;
    durationMs: number;
    excerpt: string | null;
  }[];
}

describe('webhooks', () => {
  let stack: Stack;
  let client: TestClient;

  beforeAll(async () => {
    stack = await startStack({ LOG_LEVEL: 'warn' });
    client = createTestClient(stack.baseUrl);
  });
  afterAll(() => stack?.stop());

  const cli = (...args: string[]) => runCli(stack, ...args);

  const list = (query: string) => client.read<Delivery[]>(`/webhooks/deliveries?${query}`);
  const deliveryOf = (id: unknown) => client.read<Delivery>(`/webhooks/deliveries/${String(id)}`);

  /** Submits an asset that is complete and waits until its onSuccess has been tried. */
  async function notify(url: string): Promise<Delivery> {
    const assetId = await client.submit('./assets/rocket.jpg', { onSuccess: url });
    return eventually(async () => (await list(`asset=${assetId}`)).find(({ tries }) => tries.length > 0));
  }

  function verify(secret: string, event: ReceivedEvent | undefined): unknown {
    return new Webhook(secret).verify(event?.body ?? '', event?.headers as Record<string, string>);
  }

  it('are signed with the secret that the command line shows, with both while a rotation lasts', async () => {
    const receiver = await startReceiver();
    const url = `${receiver.url}/signed?token=x`;
    const before = await cli('webhooks', 'secret', url);
    expect(before).toMatch(/^whsec_[\w+/=]{44}$/);
    await notify(url);
    expect(verify(before, receiver.events[0])).toMatchObject({ state: 'complete' });

    const after = await cli('webhooks', 'secret', url, '--rotate');
    expect(after).not.toBe(before);
    await notify(`${receiver.url}/signed?token=another`);
    for (const secret of [before, after])
      expect(verify(secret, receiver.events[1])).toMatchObject({ state: 'complete' });
    expect(() => verify(after, receiver.events[0])).toThrow('No matching signature');
    // Another spelling of the URL is the same endpoint.
    expect(await cli('webhooks', 'secret', url.replace('http://', 'HTTP://'))).toBe(after);
    await expect(cli('webhooks', 'secret', url, '--rotate')).rejects.toThrow('rotated within the last 24 h');
    await expect(cli('webhooks', 'toString')).rejects.toThrow('There is no command');
    await receiver.close();
  });

  it('keep their secrets out of workflow histories, answers and, unsealed, the database', async () => {
    const receiver = await startReceiver((_event, res) => {
      res.writeHead(503).end();
    });
    const url = `${receiver.url}/hush-hush-path`;
    const secret = await cli('webhooks', 'secret', url);
    const { id, assetId } = await notify(url);
    await client.call('POST', `/webhooks/deliveries/${id}/replay`);
    await eventually(async () => (await deliveryOf(id)).tries.length > 1, { what: 'a try by the workflow' });
    const texts = await Promise.all([
      stack.temporal('workflow', 'show', '-w', `asset-${assetId}`, '--output', 'json'),
      stack.temporal('workflow', 'show', '-w', `delivery-${id}`, '--output', 'json'),
      client.call('GET', `/webhooks/deliveries/${id}`).then((answer) => answer.text()),
      client.call('GET', '/webhooks/endpoints').then((answer) => answer.text()),
    ]);
    const key = secret.replace('whsec_', '');
    for (const text of texts)
      expect([text.includes('hush-hush'), text.includes(key)]).toEqual([false, false]);
    const sealed = await stack.database.query<{ secret: Buffer }>('SELECT secret FROM endpoints');
    for (const row of sealed) expect(row.secret.includes(Buffer.from(key, 'base64'))).toBe(false);
    await receiver.close();
  });

  it('wait as long as Retry-After asks before the second try', async () => {
    const receiver = await startReceiver((event, res) => {
      res
        .writeHead(receiver.events.indexOf(event) === 0 ? 429 : 200, { 'retry-after': '7' })
        .end('slow down');
    });
    const { id } = await notify(receiver.url);
    expect((await deliveryOf(id)).tries).toMatchObject([
      { status: 429, error: 'http_429', excerpt: 'slow down' },
    ]);
    await eventually(() => receiver.events.length === 2, { what: 'the second try' });
    expect((receiver.events[1]?.at ?? 0) - (receiver.events[0]?.at ?? 0)).toBeGreaterThanOrEqual(6_900);
    await receiver.close();
  });

  it('can be sent again, one or many, with the same id and body', async () => {
    let answer = 404;
    const receiver = await startReceiver((_event, res) => {
      res.writeHead(answer).end();
    });
    const url = `${receiver.url}/replay`;
    const first = await notify(url);
    const second = await notify(url);
    expect(first).toMatchObject({ state: 'failed', failure: 'rejected', url: `${receiver.url}/…` });
    answer = 200;
    expect((await client.call('POST', `/webhooks/deliveries/${first.id}/replay`)).status).toBe(202);
    await eventually(async () => (await deliveryOf(first.id)).state === 'delivered');
    const range = { endpoint: first.endpointId, state: 'failed' };
    expect(await (await client.call('POST', '/webhooks/deliveries/replay', range)).json()).toEqual({
      replayed: 1,
      tooSoon: 0,
      leftOut: 0,
    });
    await eventually(async () => (await deliveryOf(second.id)).state === 'delivered');
    for (const { id } of [first, second]) {
      const events = receiver.events.filter((event) => event.headers['webhook-id'] === id);
      expect(new Set(events.map((event) => event.body)).size).toBe(1);
      expect(events).toHaveLength(2);
    }
    // A delivered event too, because its receiver may have lost it.
    expect(await cli('webhooks', 'replay', first.id)).toContain('It is sent again');
    await eventually(() => receiver.events.length === 5);
    await receiver.close();
  });

  it('that wait for their next try are tried at once on request', async () => {
    let isDown = true;
    const receiver = await startReceiver((_event, res) => {
      res.writeHead(isDown ? 500 : 200).end();
    });
    const { id } = await notify(receiver.url);
    const tries = async () => (await deliveryOf(id)).tries.length;
    // The second is made by a workflow, which then sleeps for five minutes.
    await eventually(async () => (await tries()) === 2, { what: 'the second try' });
    const { dueAt } = await deliveryOf(id);
    expect(Date.parse(dueAt ?? '') - Date.now()).toBeGreaterThan(120_000);
    isDown = false;
    await client.call('POST', `/webhooks/deliveries/${id}/replay`);
    await eventually(async () => (await deliveryOf(id)).state === 'delivered');
    expect(await tries()).toBe(3);
    expect((await deliveryOf(id)).dueAt).toBeNull();
    await receiver.close();
  });

  it('are replayed once in 30 s while they are pending; another replay is told when to come again', async () => {
    const receiver = await startReceiver((_event, res) => {
      res.writeHead(503).end();
    });
    const { id } = await notify(receiver.url);
    const replay = () => client.call('POST', `/webhooks/deliveries/${id}/replay`);
    expect((await replay()).status).toBe(202);
    const again = await replay();
    expect(await again.json()).toMatchObject({ status: 429, type: 'urn:validatr:error:replay_too_soon' });
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(again.headers.get('retry-after'))).toBeLessThanOrEqual(30);
    await expect(cli('webhooks', 'replay', id)).rejects.toThrow('It can be replayed again in');
    expect(await cli('webhooks', 'replay', '--all', '--endpoint', receiver.url)).toContain('1 were left out');
    await receiver.close();
  });

  it('stop for an endpoint that answers 410, and go on when it is enabled again', async () => {
    let answer = 410;
    const receiver = await startReceiver((_event, res) => {
      res.writeHead(answer).end();
    });
    const gone = await notify(receiver.url);
    expect(gone).toMatchObject({ state: 'failed', failure: 'endpoint_gone' });
    const assetId = await client.submit('./assets/rocket.jpg', {
      onStart: receiver.url,
      onSuccess: receiver.url,
    });
    const unsent = await eventually(async () => {
      const found = await list(`asset=${assetId}&state=failed`);
      return found.length === 2 && found;
    });
    expect(unsent.every(({ failure, tries }) => failure === 'endpoint_disabled' && tries.length === 0)).toBe(
      true,
    );
    expect(receiver.events).toHaveLength(1);
    const replay = await client.call('POST', `/webhooks/deliveries/${gone.id}/replay`);
    expect(await replay.json()).toMatchObject({ status: 409, type: 'urn:validatr:error:endpoint_disabled' });
    expect((await client.call('POST', '/webhooks/test', { url: receiver.url })).status).toBe(409);

    answer = 200;
    expect(await cli('webhooks', 'endpoints')).toContain('disabled (gone)');
    expect(await cli('webhooks', 'enable', receiver.url)).toContain('Enabled');
    expect(
      await cli('webhooks', 'replay', '--all', '--endpoint', receiver.url, '--state', 'failed'),
    ).toContain('3');
    await eventually(() => receiver.events.length === 4);
    await receiver.close();
  });

  it('are tried out with a test event', async () => {
    const receiver = await startReceiver();
    const answer = await client.call('POST', '/webhooks/test', { url: receiver.url });
    const { id } = (await answer.json()) as { id: string };
    expect([answer.status, answer.headers.get('location')]).toEqual([202, `/webhooks/deliveries/${id}`]);
    await eventually(() => receiver.events.length === 1);
    expect(receiver.events[0]).toMatchObject({ body: `{"id":"${id}","state":"test"}` });
    expect(await cli('webhooks', 'test', receiver.url)).toContain('1 try, last http_200');
    expect((await client.call('POST', '/webhooks/test', { url: 'wat' })).status).toBe(422);
    const refusing = await startReceiver((_event, res) => {
      res.writeHead(404).end();
    });
    await expect(cli('webhooks', 'test', refusing.url)).rejects.toThrow('last http_404');
    await refusing.close();
    await receiver.close();
  });

  it('are listed in pages, and invalid queries are refused', async () => {
    const receivers: TestReceiver[] = [await startReceiver()];
    const deliveries = [await notify(receivers[0]?.url ?? ''), await notify(receivers[0]?.url ?? '')];
    const endpoint = deliveries[0]?.endpointId ?? '';
    const page = await client.call('GET', `/webhooks/deliveries/?endpoint=${endpoint}&limit=1`);
    expect((await page.json()) as Delivery[]).toMatchObject([{ id: deliveries[1]?.id }]);
    const [, next = ''] = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '') ?? [];
    expect(await client.read(next)).toMatchObject([{ id: deliveries[0]?.id }]);
    for (const query of ['state=lost', 'limit=0', 'limit=501', 'cursor=x', 'asset=x', 'color=red'])
      expect((await client.call('GET', `/webhooks/deliveries?${query}`)).status, query).toBe(422);
    // Times that no database stores are valid all the same.
    for (const [query, count] of [
      ['from=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59-23:59', 2],
      ['to=0000-01-01T00:00:00Z', 0],
      ['from=9999-12-31T23:59:59-23:59', 0],
      ['since=0000-01-01T00:00:00Z&until=9999-12-31T23:59:59-23:59', 2],
      ['since=9999-12-31T23:59:59-23:59', 0],
      ['until=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59-23:59', 0],
      ['externalId=nobody-has-this-name', 0],
    ] as const)
      expect(await list(`endpoint=${endpoint}&${query}`), query).toHaveLength(count);
    expect((await client.call('POST', '/webhooks/deliveries/replay', {})).status).toBe(422);
    expect((await client.call('GET', '/webhooks/deliveries/x')).status).toBe(404);
    await Promise.all(receivers.map((receiver) => receiver.close()));
  });

  it('of a deleted asset are not sent any more, and their workflow ends in peace', async () => {
    const receiver = await startReceiver((_event, res) => {
      res.writeHead(500).end();
    });
    const { id, assetId, endpointId } = await notify(receiver.url);
    // Two endpoints of one host look alike without it.
    expect(await client.read(`/assets/${assetId}/details`)).toMatchObject({
      deliveries: [{ id, endpointId }],
    });
    expect(await cli('webhooks', 'deliveries')).toContain(endpointId);
    // The second try is made by a workflow, which then sleeps for five minutes.
    await eventually(async () => (await deliveryOf(id)).tries.length === 2, { what: 'the second try' });
    expect((await client.call('DELETE', `/assets/${assetId}`)).status).toBe(204);
    expect((await client.call('DELETE', `/assets/${assetId}`)).status).toBe(404);
    expect((await client.call('GET', `/assets/${assetId}/details`)).status).toBe(404);
    expect((await client.call('GET', `/webhooks/deliveries/${id}`)).status).toBe(404);
    expect(await list(`asset=${assetId}`)).toEqual([]);

    const tries = receiver.events.length;
    await stack.temporal('workflow', 'signal', '-w', `delivery-${id}`, '--name', 'tryNow');
    await eventually(
      async () =>
        (await stack.temporal('workflow', 'describe', '-w', `delivery-${id}`)).includes('COMPLETED'),
      { what: 'the end of the workflow' },
    );
    expect(receiver.events).toHaveLength(tries);
    await receiver.close();
  });

  it('are failed and stay listed if an operator ends their workflow; they go on if the workflow is lost', async () => {
    const receiver = await startReceiver((_event, res) => {
      res.writeHead(500).end();
    });
    const [stopped, lost] = [await notify(`${receiver.url}/1`), await notify(`${receiver.url}/2`)];
    for (const { id } of [stopped, lost]) {
      await client.call('POST', `/webhooks/deliveries/${id}/replay`);
      await eventually(async () => (await deliveryOf(id)).tries.length >= 2, {
        what: 'a try by its workflow',
      });
    }
    await stack.temporal('workflow', 'terminate', '-w', `delivery-${stopped.id}`);
    await stack.temporal('workflow', 'delete', '-w', `delivery-${lost.id}`);
    await eventually(async () => (await deliveryOf(stopped.id)).failure === 'stopped', { withinMs: 60_000 });
    await eventually(async () => (await deliveryOf(lost.id)).tries.length >= 3, { withinMs: 60_000 });
    await receiver.close();
  });

  it('are sent only to receivers that echo a challenge, if proof is required', async () => {
    stack.worker.signal('SIGTERM');
    await stack.worker.ended();
    await stack.startWorker({ WEBHOOK_CHALLENGE: 'required' });
    const receiver = await startReceiver();
    const unwilling = await notify(`${receiver.url}/unwilling`);
    expect(unwilling).toMatchObject({
      state: 'pending',
      tries: [{ status: 200, error: 'challenge_unanswered' }],
    });
    expect(receiver.events.map((event) => JSON.parse(event.body) as object)).toEqual([
      { id: expect.any(String), state: 'challenge', challenge: expect.any(String) },
    ]);
    const willing = await notify(`${stack.baseUrl}/echo/post`);
    expect(willing).toMatchObject({ state: 'delivered', tries: [{ status: 200, error: null }] });
    const endpoints = await client.read<{ id: string; verifiedAt: string | null }[]>('/webhooks/endpoints');
    const verifiedAt = ({ endpointId }: Delivery) =>
      endpoints.find(({ id }) => id === endpointId)?.verifiedAt;
    expect([verifiedAt(unwilling), verifiedAt(willing)]).toEqual([null, expect.stringMatching(/^2.+Z$/)]);
    const lines = (await cli('webhooks', 'endpoints')).split('\n');
    expect(lines.find((line) => line.startsWith(unwilling.endpointId))).toContain('  not verified  ');
    expect(lines.find((line) => line.startsWith(willing.endpointId))).toContain('  verified 2');
    await receiver.close();
  });
});
