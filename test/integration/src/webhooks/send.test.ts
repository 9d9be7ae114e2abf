import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Webhook } from 'standardwebhooks';
import type { TryResult } from '../../../../src/domain/ports/webhooks.ts';
import { formatSecret } from '../../../../src/webhooks/sign.ts';
import { freePort } from '../../../../src/dev/free-port.ts';
import { startReceiver, type TestReceiver } from '../../../support/receiver.ts';
import { expectWithin } from '../../../support/machine-pace.ts';
import { createTestSender, eventFor, secretBox } from '../../../support/webhook-sender.ts';

const endpointId = '00000000-0000-4000-8000-000000000001';

describe('the webhook sender', () => {
  let sender: ReturnType<typeof createTestSender>;
  let receiver: TestReceiver | undefined;

  beforeEach(() => {
    sender = createTestSender({ random: () => 0.5 });
  });
  afterEach(async () => {
    await sender.close();
    await receiver?.close();
    receiver = undefined;
  });

  const target = (url: string, id = endpointId) => ({ tenant: 'default', url, endpointId: id });

  const send = (
    url: string,
    timeoutMs = 20_000,
    secrets = [secretBox.seal(Buffer.alloc(32, 's'), endpointId)],
  ): Promise<TryResult> => sender.send(eventFor({ url, endpointId, secrets, timeoutMs }));

  it('posts the exact body with its id and is done at a 2xx', async () => {
    receiver = await startReceiver((_event, res) => {
      res.writeHead(204).end();
    });
    expect(await send(`${receiver.url}/hook`)).toMatchObject({
      status: 204,
      outcome: 'delivered',
      error: null,
    });
    expect(receiver.events[0]).toMatchObject({ path: '/hook', body: '{"id":"x","state":"complete"}' });
    expect(receiver.events[0]?.headers).toMatchObject({
      'webhook-id': 'delivery-1',
      'content-type': 'application/json',
    });
  });

  it.each([
    [408, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
    [301, 'give_up'],
    [307, 'give_up'],
    [400, 'give_up'],
    [404, 'give_up'],
    [410, 'give_up'],
  ])('counts a %i as %s', async (status, outcome) => {
    const target = await startReceiver();
    receiver = await startReceiver((_event, res) => {
      res.writeHead(status, { location: target.url, 'retry-after': '7' }).end();
    });
    const result = await send(receiver.url);
    expect(result).toMatchObject({
      status,
      outcome,
      error: `http_${status}`,
      retryAfterMs: outcome === 'retry' ? 7_000 : null,
    });
    expect(target.events).toEqual([]);
    await target.close();
  });

  it.each([301, 302, 303, 307, 308])(
    'follows no %i to a metadata service: nothing connects to it',
    async (status) => {
      const connections: string[] = [];
      const watch = ({ socket }: { socket?: { remoteAddress?: string } }) =>
        connections.push(String(socket?.remoteAddress));
      subscribe('undici:client:connected', watch as never);
      receiver = await startReceiver((_event, res) => {
        res.writeHead(status, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
      });
      expect(await send(receiver.url)).toMatchObject({ error: `http_${status}`, outcome: 'give_up' });
      unsubscribe('undici:client:connected', watch as never);
      expect(connections).toEqual(['127.0.0.1']);
    },
  );

  it('gives a hanging receiver its time and no more', async () => {
    receiver = await startReceiver(() => undefined);
    const begin = performance.now();
    expect(await send(receiver.url, 300)).toMatchObject({ status: null, error: 'timeout', outcome: 'retry' });
    expectWithin(performance.now() - begin, 1_500);
  });

  it('gives a receiver that drips its answer no more time either', async () => {
    receiver = await startReceiver((_event, res) => {
      res.writeHead(200);
      const drip = setInterval(() => res.write('.'), 20);
      res.once('close', () => clearInterval(drip));
    });
    const begin = performance.now();
    expect(await send(receiver.url, 400)).toMatchObject({ status: 200, outcome: 'delivered' });
    expectWithin(performance.now() - begin, 1_500);
  });

  it('reads little of an endless answer', async () => {
    let sent = 0;
    receiver = await startReceiver((_event, res) => {
      res.writeHead(200);
      const block = Buffer.alloc(64 * 1024);
      const pour = () => {
        while (!res.destroyed && sent < 1e9 && res.write(block)) sent += block.length;
      };
      res.on('drain', pour);
      pour();
    });
    expect(await send(receiver.url)).toMatchObject({ outcome: 'delivered' });
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it('names network troubles by code, never by URL', async () => {
    const port = await freePort();
    const refused = await send(`http://127.0.0.1:${port}/secret-path`);
    expect(refused).toMatchObject({ status: null, error: 'connection_refused', outcome: 'retry' });
    const unknown = await send('http://does-not-exist.invalid/secret-path');
    expect(unknown).toMatchObject({ error: 'name_not_found', outcome: 'retry' });
    const rude = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => rude.once('listening', resolve));
    const { port: rudePort } = rude.address() as { port: number };
    expect(await send(`http://127.0.0.1:${rudePort}/secret-path`)).toMatchObject({
      error: 'invalid_response',
      outcome: 'retry',
    });
    rude.close();
  });

  it('gives up on an address that it may not reach, with the code for that', async () => {
    expect(await send('http://169.254.169.254/latest/meta-data')).toMatchObject({
      status: null,
      error: 'address_forbidden',
      outcome: 'give_up',
    });
  });

  it('signs as Standard Webhooks 1.0 says, with every secret in force', async () => {
    receiver = await startReceiver();
    const secrets = ['n', 'o'].map((fill) => Buffer.alloc(32, fill));
    await send(
      receiver.url,
      20_000,
      secrets.map((secret) => secretBox.seal(secret, endpointId)),
    );
    const [event] = receiver.events;
    for (const secret of secrets) {
      const verifier = new Webhook(formatSecret(secret));
      const headers = event?.headers as Record<string, string>;
      expect(verifier.verify(event?.body ?? '', headers)).toEqual({ id: 'x', state: 'complete' });
      expect(() => verifier.verify(`${event?.body} `, headers)).toThrow('No matching signature');
    }
  });

  it('keeps the first 4 KiB of an answer as text that a database takes', async () => {
    receiver = await startReceiver((_event, res) => {
      res.writeHead(500).end(`a\0b${'x'.repeat(10_000)}`);
    });
    const { excerpt } = await send(receiver.url);
    expect(excerpt).toBe(`ab${'x'.repeat(4096 - 3)}`);
    receiver.events.length = 0;
  });

  it('gives four turns in line at once, further ones as these end, none for long', async () => {
    const turns = await Promise.all(
      [1, 2, 3, 4].map(() => sender.reserveInLine(target('http://a.example/hook'))),
    );
    expect(turns.map((turn) => turn.outcome)).toEqual(['turn', 'turn', 'turn', 'turn']);
    expect(await sender.reserveInLine(target('http://a.example/other', 'other'))).toMatchObject({
      outcome: 'turn',
    });
    const begin = performance.now();
    expect(await sender.reserveInLine(target('http://a.example/hook?query'))).toEqual({
      outcome: 'not_in_line',
    });
    expectWithin(performance.now() - begin, 1_000);
    const next = sender.reserveInLine(target('http://a.example/hook'));
    const [first] = turns;
    if (first?.outcome === 'turn') first.end();
    expect(await next).toMatchObject({ outcome: 'turn' });
  });

  it('gives no turn in line to an endpoint that took longer than 500 ms for its last answer', async () => {
    receiver = await startReceiver(() => undefined);
    await send(receiver.url, 600);
    expect(await sender.reserveInLine(target(receiver.url))).toEqual({ outcome: 'not_in_line' });
  });

  it('leaves an origin alone after five failures in a row, for every kind of try', async () => {
    receiver = await startReceiver((_event, res) => {
      res.writeHead(503).end();
    });
    const { url } = receiver;
    for (let failures = 0; failures < 5; failures += 1) {
      expect(sender.blockedForMs(target(url))).toBe(0);
      await send(`${url}/${failures}`);
    }
    expect(sender.blockedForMs(target(url))).toBeGreaterThan(20_000);
    expect(sender.reserve(target(`${url}/x`))).toMatchObject({ outcome: 'blocked' });
    expect(await sender.reserveInLine(target(`${url}/x`))).toMatchObject({ outcome: 'blocked' });
  });
});
