import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, PassThrough } from 'node:stream';
import {
  createServer,
  getCACertificates,
  type Server,
  setDefaultCACertificates,
  type TLSSocket,
} from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TryResult } from '../../../../src/domain/ports/webhooks.ts';
import { TlsTransport } from '../../../../src/network/tls-budget.ts';
import { TEST_MS } from '../../../support/deadlines.ts';
import { eventually } from '../../../support/eventually.ts';
import { pour } from '../../../support/stand-ins/raw-receiver.ts';
import { createTestSender, eventFor, secretBox } from '../../../support/webhook-sender.ts';

const BOUNDS = { bytes: 64 * 1024, reads: 128, lines: 1_024, overhead: 64 * 1024 };

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

const endpointId = '00000000-0000-4000-8000-000000000001';
const secrets = [secretBox.seal(Buffer.alloc(32, 's'), endpointId)];

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)('what a receiver sends by TLS (skipped without openssl)', () => {
  const trusted = getCACertificates();
  let folder: string;
  let sender: ReturnType<typeof createTestSender>;
  let server: Server | undefined;
  let accepted: TLSSocket[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'validatr-tls-'));
    const subject = ['-subj', '/CN=receiver', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '2', ...curve, ...subject, ...files], {
      stdio: 'ignore',
    });
    sender = createTestSender();
    accepted = [];
  });
  afterEach(async () => {
    await sender.close();
    for (const socket of accepted) socket.destroy();
    server?.close();
    server = undefined;
    setDefaultCACertificates(trusted);
    rmSync(folder, { recursive: true });
  });

  /** A receiver with a certificate that the sender trusts. */
  async function start(answer: (socket: TLSSocket) => void): Promise<string> {
    const cert = readFileSync(join(folder, 'cert.pem'), 'utf8');
    setDefaultCACertificates([...trusted, cert]);
    server = createServer({ cert, key: readFileSync(join(folder, 'key.pem')) }, (socket) => {
      accepted.push(socket);
      // The sender cuts the connection.
      socket.on('error', () => socket.destroy());
      socket.on('data', (received: Buffer) => {
        if (received.toString().endsWith('}')) answer(socket);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const send = (url: string): Promise<TryResult> =>
    sender.send(eventFor({ url, endpointId, secrets, timeoutMs: 2 * TEST_MS }));

  it('is delivered again and again, each answer with a budget of its own', async () => {
    const body = 'x'.repeat(40_000);
    const url = await start((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
    );
    for (let tries = 0; tries < 6; tries += 1) {
      expect(await send(url)).toMatchObject({ status: 200, error: null, outcome: 'delivered' });
    }
    expect(accepted.length).toBeLessThanOrEqual(2);
  });

  it('may begin with an unasked 100', async () => {
    const url = await start((socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${OK}`));
    expect(await send(url)).toMatchObject({ status: 200, outcome: 'delivered', excerpt: 'ok' });
  });

  it('keeps its status if its body has no end', async () => {
    const url = await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const pour = () => {
        while (!socket.destroyed && socket.write('body '.repeat(4_000)));
      };
      socket.on('drain', pour);
      pour();
    });
    expect(await send(url)).toMatchObject({ status: 200, outcome: 'delivered' });
    await eventually(() => accepted.every(({ destroyed }) => destroyed), { what: 'a cut connection' });
  });
});

/** Each `receive` is one read. In a real connection, the system decides how many bytes come together. */
class FakeSocket extends PassThrough {
  bytesRead = 0;

  receive(chunk: Buffer): void {
    this.bytesRead += chunk.length;
    this.emit('data', chunk);
  }
}

describe('the transport below TLS', () => {
  it('is cut after as many reads as an answer may take, even if they bring few bytes', async () => {
    const tcp = new FakeSocket();
    const transport = new TlsTransport(tcp as Duplex as Socket, BOUNDS);
    let given = 0;
    transport.on('data', () => (given += 1));
    const failed = once(transport, 'error');
    for (let reads = 0; reads < 2_000; reads += 1) tcp.receive(Buffer.from('x'));
    expect((await failed)[0]).toMatchObject({ code: 'invalid_response' });
    expect(given).toBeLessThanOrEqual(128);
  });

  const ROOM = { bytes: 2 ** 20, reads: 1_024, lines: 1_024, overhead: 2 ** 20 };

  it.each([
    ['more bytes than an answer may have', { bytes: 64 * 1024 }, 2 ** 30],
    ['bytes that carry nothing', { overhead: 64 * 1024 }, 0],
  ])('is cut after %s', async (_what, bounds, carried) => {
    const tcp = new FakeSocket();
    const transport = new TlsTransport(tcp as Duplex as Socket, { ...ROOM, ...bounds });
    transport.tls = { bytesWritten: 0, bytesRead: carried, destroy: () => undefined } as unknown as Socket;
    const failed = once(transport, 'error');
    for (let chunks = 0; chunks < 64; chunks += 1) tcp.receive(Buffer.alloc(1024));
    expect(transport.destroyed).toBe(false);
    tcp.receive(Buffer.alloc(1024));
    expect((await failed)[0]).toMatchObject({ code: 'invalid_response' });
    expect(tcp.destroyed).toBe(true);
  });

  it('gives all bytes of a connection that has ended', async () => {
    const tcp = new FakeSocket();
    const transport = new TlsTransport(tcp as Duplex as Socket, ROOM);
    tcp.receive(Buffer.from('the last bytes'));
    const closed = once(tcp, 'close');
    tcp.end();
    await closed;
    expect(Buffer.concat(await transport.toArray()).toString()).toBe('the last bytes');
  });

  it('ends with a connection that is cut, and takes its failure over', async () => {
    const cut = new FakeSocket();
    const first = new TlsTransport(cut as Duplex as Socket, ROOM);
    cut.destroy();
    await once(first, 'close');
    expect(first.readableEnded).toBe(false);

    const failing = new FakeSocket();
    const second = new TlsTransport(failing as Duplex as Socket, ROOM);
    failing.destroy(new Error('reset'));
    expect((await once(second, 'error'))[0]).toMatchObject({ message: 'reset' });
  });

  it('takes no more from the connection while nobody reads', () => {
    const tcp = new FakeSocket();
    const transport = new TlsTransport(tcp as Duplex as Socket, ROOM);
    for (let chunks = 0; chunks < 256; chunks += 1) tcp.receive(Buffer.alloc(1024));
    expect(tcp.isPaused()).toBe(true);
    transport.read();
    expect(tcp.isPaused()).toBe(false);
  });

  // Stands for a flood of key updates, which bring no byte of an answer. Node's servers cannot send one.
  it('is cut before TLS works on more than the budget, even if it brings no byte of an answer', async () => {
    const receiver = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy());
      pour(socket, 'x');
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const tcp = connect((receiver.address() as AddressInfo).port, '127.0.0.1');
    const transport = new TlsTransport(tcp, BOUNDS);
    let given = 0;
    transport.on('data', (chunk: Buffer) => {
      given += chunk.length;
    });
    const [error] = (await once(transport, 'error')) as [Error];
    expect(error).toMatchObject({ code: 'invalid_response' });
    expect(given).toBeLessThanOrEqual(64 * 1024);
    await eventually(() => tcp.closed, { what: 'a cut connection' });
    receiver.close();
  });
});
