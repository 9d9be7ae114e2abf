import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drain } from '../../../../../src/api/http/drain.ts';
import { createHttpServer } from '../../../../../src/api/http/http-server.ts';
import { createTraffic, type Traffic } from '../../../../../src/api/http/traffic.ts';
import { eventually } from '../../../../support/eventually.ts';

describe('a server that is drained', () => {
  let server: Server;
  let port: number;
  let traffic: Traffic;

  beforeEach(async () => {
    traffic = createTraffic({ inFlightMax: 1_000 });
    const app = express()
      .use(traffic.track)
      .get('/readyz', (_req, res) => res.end())
      .use(traffic.limit)
      .use((_req, res) => res.end('answered'));
    server = createHttpServer(app).on('connection', traffic.connected).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** The answer that a client gets over a connection of its own, or the code of its error. */
  function get(path: string): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return text(socket).catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
  }
  const isListening = async () => (await get('/readyz')) !== 'ECONNREFUSED';

  it('answers every connection that the system has accepted for it', async () => {
    // All handshakes are over before this turn of the event loop is.
    const answers = Array.from({ length: 100 }, () => get('/'));
    await drain({ server, traffic, delayMs: 0 });
    const unanswered = (await Promise.all(answers)).filter((answer) => !answer.endsWith('\r\n\r\nanswered'));
    expect(unanswered).toEqual([]);
    expect(await isListening()).toBe(false);
  });

  it('goes on while requests come after its delay, and stops once they have ended', async () => {
    const begin = performance.now();
    const drained = drain({ server, traffic, delayMs: 1_000 });
    await eventually(
      async () => {
        expect(await get('/')).toMatch(/^HTTP\/1.1 200 [^]*\r\nConnection: close\r\n[^]*answered$/);
        return performance.now() - begin > 2_500;
      },
      { what: 'requests for longer than the delay' },
    );
    expect(await drained).toBe(true);
    expect(await isListening()).toBe(false);
  });

  it('does not count the probes of a load balancer as requests', async () => {
    let isOver = false;
    const drained = drain({ server, traffic, delayMs: 200 }).finally(() => (isOver = true));
    await eventually(async () => isOver || !(await isListening()), { what: 'the end of listening' });
    expect(await drained).toBe(true);
  });

  it('does not wait for clients that connected and never sent a request', async () => {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    const cut = once(socket, 'close');
    const begin = performance.now();
    await drain({ server, traffic, delayMs: 0 });
    // Without the cut it takes 25 s.
    expect(performance.now() - begin).toBeLessThan(20_000);
    await cut;
  });

  it('does not wait for ever for clients that never stop, and says so', async () => {
    let isOver = false;
    const drained = drain({ server, traffic, delayMs: 1_000 }).finally(() => (isOver = true));
    await eventually(async () => {
      await get('/');
      return isOver;
    });
    expect(await drained).toBe(false);
  });
});
