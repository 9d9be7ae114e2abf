import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHeaders } from '../../../../../src/api/http/headers.ts';
import { createHttpServer } from '../../../../../src/api/http/http-server.ts';
import { jsonBody } from '../../../../../src/api/http/json-body.ts';
import { handleErrors } from '../../../../../src/api/http/problem.ts';
import { identifyRequest } from '../../../../../src/api/http/request-log.ts';
import { createLogger } from '../../../../../src/telemetry/logger.ts';
import { eventually } from '../../../../support/eventually.ts';
import { expectWithin } from '../../../../support/machine-pace.ts';

const TIMEOUTS = {
  headersTimeout: 300,
  requestTimeout: 600,
  lingerTimeout: 300,
  stalledTimeout: 900,
  connectionsCheckingInterval: 50,
};

describe('the HTTP server', () => {
  let server: Server;
  let port: number;

  beforeAll(async () => {
    const app = express();
    app.use(identifyRequest, checkHeaders);
    app.post('/half', (_req, res) => {
      res.writeHead(200, { 'content-length': 100 }).write('half of it');
    });
    app.post('/whole', (_req, res) => res.end('whole'));
    app.post('/uploads/refused', (_req, res) => res.end('whole'));
    app.post('/read', jsonBody(), (_req, res) => res.end('read'));
    app.post('/assets/image', (req, res) =>
      req.on('data', () => undefined).on('end', () => res.end('whole')),
    );
    app.use(handleErrors(createLogger('silent', 'api')));
    server = createHttpServer(app, TIMEOUTS).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /** Sends and reads until the server closes. A client that does not close its own half is not waited for. */
  async function say(message: string) {
    const begin = performance.now();
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write(message);
    const answer = await text(socket);
    const ms = performance.now() - begin;
    socket.destroy();
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    return { head, body, ms };
  }

  it.each([
    [
      'headers that do not end',
      'GET / HTTP/1.1\r\nHost: x\r\n',
      408,
      'request_timeout',
      TIMEOUTS.headersTimeout,
    ],
    ['nothing at all', '', 408, 'request_timeout', TIMEOUTS.headersTimeout],
    [
      'a body that does not end',
      'POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1',
      408,
      'request_timeout',
      TIMEOUTS.requestTimeout,
    ],
    ['no HTTP', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 400, 'malformed_http', 0],
    ['a URL without end', `GET /${'x'.repeat(20_000)}`, 431, 'headers_too_large', 0],
    [
      'headers too large',
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}`,
      431,
      'headers_too_large',
      0,
    ],
  ])('answers %s with a problem and closes', async (_what, message, status, code, afterMs) => {
    const { head, body, ms } = await say(message);
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(ms).toBeGreaterThanOrEqual(afterMs - 5);
    expectWithin(ms - afterMs, 2_000);
    expect(head).toContain('\r\nContent-Type: application/problem+json\r\n');
    expect(head).toContain(`\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`);
    expect(JSON.parse(body)).toMatchObject({ status, type: `urn:validatr:error:${code}` });
  });

  it.each([
    ['a request without Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'malformed_http'],
    [
      'an expectation that nobody knows',
      'GET / HTTP/1.1\r\nHost: x\r\nExpect: 200-maybe\r\nConnection: close\r\n\r\n',
      417,
      'expectation_failed',
    ],
  ])('answers %s with a problem', async (_what, message, status, code) => {
    const { head, body } = await say(message);
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain('\r\nContent-Type: application/problem+json\r\n');
    expect(JSON.parse(body)).toMatchObject({ status, type: `urn:validatr:error:${code}` });
  });

  it('takes HTTP/1.0 without Host, and asks for a body that was announced by Expect once it reads it', async () => {
    expect((await say('POST /whole HTTP/1.0\r\n\r\n')).body).toBe('whole');
    const head = (path: string) =>
      say(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-Continue\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1`,
      );
    expect((await head('/read')).head).toBe('HTTP/1.1 100 Continue');
    expect((await head('/whole')).head).toMatch(/^HTTP\/1.1 200 /);
  });

  it('leaves a file the time that it needs', async () => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write(
      'POST /assets/image HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 2\r\nConnection: close\r\n\r\n1',
    );
    let isCut = false;
    socket.once('close', () => (isCut = true));
    const begin = performance.now();
    await eventually(() => performance.now() - begin > 2 * TIMEOUTS.stalledTimeout);
    expect(isCut).toBe(false);
    socket.write('2');
    expect(await text(socket)).toContain('whole');
  });

  it('closes the connection of a file that goes on after its answer, and lets the client read that', async () => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write(
      'POST /uploads/refused HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000000\r\n\r\n',
    );
    const begin = performance.now();
    const drip = setInterval(() => socket.write('x'), 50);
    const answer = await text(socket).finally(() => clearInterval(drip));
    expect(answer).toContain('whole');
    expectWithin(performance.now() - begin, TIMEOUTS.lingerTimeout + 2_000);
  });

  it('keeps the connection of a file that has come whole', async () => {
    const socket = connect({ port, host: '127.0.0.1' });
    const file = 'POST /assets/image HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 2\r\n';
    socket.write(`${file}\r\n12`);
    await once(socket, 'data');
    const begin = performance.now();
    await eventually(() => performance.now() - begin > 2 * TIMEOUTS.lingerTimeout);
    socket.write(`${file}Connection: close\r\n\r\n12`);
    expect(await text(socket)).toContain('whole');
  });

  it('takes nothing for a file that no operation takes, so it has no more time than others', async () => {
    const { head, ms } = await say(
      'POST /half HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 10\r\n\r\n1',
    );
    expect(head).toMatch(/^HTTP\/1.1 200 /);
    expectWithin(ms, TIMEOUTS.requestTimeout + 2_000);
  });

  it.each(['/read', '/assets/image'])('refuses a body in crumbs at %s', async (path) => {
    const type = path === '/read' ? 'application/json' : 'image/png';
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect((await say(`${head}${'1\r\n1\r\n'.repeat(3_000)}0\r\n\r\nGET / HTTP/1.0\r\n\r\n`)).head).toMatch(
      /^HTTP\/1.1 200 /,
    );
    const crumbs = await say(`${head}${'1\r\n1\r\n'.repeat(6_000)}`);
    expect(crumbs.head).toMatch(/^HTTP\/1.1 400 /);
    expect(JSON.parse(crumbs.body)).toMatchObject({ type: 'urn:validatr:error:malformed_http' });
  });

  it('cuts an answer under way, and writes nothing into it', async () => {
    const { body } = await say('POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1');
    expect(body).toBe('half of it');
  });
});
