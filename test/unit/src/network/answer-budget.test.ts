import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TryResult } from '../../../../src/domain/ports/webhooks.ts';
import { boundAnswers } from '../../../../src/network/answer-budget.ts';
import { TEST_MS } from '../../../support/deadlines.ts';
import { eventually } from '../../../support/eventually.ts';
import { pour, type RawReceiver, startRawReceiver } from '../../../support/stand-ins/raw-receiver.ts';
import { createTestSender, eventFor, secretBox } from '../../../support/webhook-sender.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

/** The budget of an answer, and what one read may bring beyond it. */
const MOST_BYTES = 2 * 64 * 1024;

const endpointId = '00000000-0000-4000-8000-000000000001';
const secrets = [secretBox.seal(Buffer.alloc(32, 's'), endpointId)];

describe('what a receiver sends', () => {
  let sender: ReturnType<typeof createTestSender>;
  const receivers: RawReceiver[] = [];

  beforeEach(() => {
    sender = createTestSender();
  });
  afterEach(async () => {
    await sender.close();
    await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
  });

  async function start(answer: (socket: Socket) => void): Promise<RawReceiver> {
    const receiver = await startRawReceiver(answer);
    receivers.push(receiver);
    return receiver;
  }

  /** A try whose time never ends, so that only the budget can end it. */
  const send = (url: string, timeoutMs = 2 * TEST_MS): Promise<TryResult> =>
    sender.send(eventFor({ url, endpointId, secrets, timeoutMs }));

  async function expectCut({ connections }: RawReceiver): Promise<void> {
    await eventually(() => connections.length === 1 && connections[0]?.closed, { what: 'a cut connection' });
    expect(connections[0]?.bytesRead).toBeLessThanOrEqual(MOST_BYTES);
  }

  it.each([
    ['an unasked 100', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['a 100 with headers', 'HTTP/1.1 100 Continue\r\nserver: x\r\n\r\n'],
    ['a 102', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['a 100 after a 103', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'],
    ['empty lines', '\r\n\r\n'],
    ['eight interim answers', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(8)],
    ['eight unasked 100s', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(8)],
  ])('may begin with %s, on a connection that is used again', async (_what, interim) => {
    const receiver = await start((socket) => socket.write(interim + OK));
    for (let tries = 0; tries < 6; tries += 1) {
      expect(await send(receiver.url)).toMatchObject({ status: 200, outcome: 'delivered', excerpt: 'ok' });
    }
    // A try that begins at the end of another one may get a second connection.
    expect(receiver.connections.length).toBeLessThanOrEqual(2);
  });

  it('may arrive byte by byte', async () => {
    const bytes = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${OK}`.split('');
    const receiver = await start((socket) => {
      const drip = setInterval(() => {
        const byte = bytes.shift();
        if (byte === undefined) clearInterval(drip);
        else socket.write(byte);
      }, 1);
      socket.once('close', () => clearInterval(drip));
    });
    expect(await send(receiver.url)).toMatchObject({ status: 200, outcome: 'delivered', excerpt: 'ok' });
  });

  it('ends the try at the ninth interim answer', async () => {
    const receiver = await start((socket) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(9) + OK));
    expect(await send(receiver.url)).toMatchObject({
      status: null,
      error: 'invalid_response',
      outcome: 'retry',
    });
    await expectCut(receiver);
  });

  it.each([
    ['interim answers without end', '', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'],
    ['an unasked 100 without end', '', 'HTTP/1.1 100 Continue\r\n\r\n'],
    [
      'an interim answer whose headers have no end',
      'HTTP/1.1 103 Early Hints\r\n',
      `x: ${'y'.repeat(9)}\r\n`,
    ],
    ['interim answers of an unknown version', '', 'HTTP/2.0 103 Early Hints\r\n\r\n'],
    ['empty lines without end', '', '\r\n'],
    ['a status line without end', 'HTTP/1.1 200 ', 'OK'],
    ['one header without end', 'HTTP/1.1 200 OK\r\nx: ', 'y'],
    ['header lines without end', 'HTTP/1.1 200 OK\r\n', 'a:b\r\n'],
    ['empty headers without end', 'HTTP/1.1 200 OK\r\n', 'a:\r\n'],
    [
      'a change of protocol',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      'x',
    ],
    ['HTTP/0.9', '<html>', '<p>hello</p>'],
    ['garbage', '', '\0\xff'],
  ])('ends the try, and costs little, if it is %s', async (_what, first, block) => {
    const receiver = await start((socket) => {
      socket.write(first);
      pour(socket, block);
    });
    expect(await send(receiver.url)).toMatchObject({
      status: null,
      error: 'invalid_response',
      outcome: 'retry',
    });
    await expectCut(receiver);
  });

  it.each([
    ['a body', 'HTTP/1.1 200 OK\r\n\r\n', 'body ', 'body body'],
    ['a body in chunks', CHUNKED, '1\r\nx\r\n', 'xxx'],
    ['a chunk extension', `${CHUNKED}1\r\nx\r\n1;`, 'a=b;', 'x'],
    ['trailers', `${CHUNKED}1\r\nx\r\n0\r\n`, 'a:b\r\n', 'x'],
  ])('keeps its status if there is no end to %s', async (_what, first, block, excerpt) => {
    const receiver = await start((socket) => {
      socket.write(first);
      pour(socket, block);
    });
    const result = await send(receiver.url);
    expect(result).toMatchObject({ status: 200, error: null, outcome: 'delivered' });
    expect(result.excerpt?.slice(0, excerpt.length)).toBe(excerpt);
    await expectCut(receiver);
  });

  it('ends the try if it has 2,000 lines of headers', async () => {
    const lines = 'a:b\r\n'.repeat(2_000);
    const receiver = await start((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${lines}content-length: 0\r\n\r\n`),
    );
    expect(await send(receiver.url)).toMatchObject({ status: null, error: 'invalid_response' });
    await expectCut(receiver);
  });

  it.each([
    ['trailers', `${CHUNKED}1\r\nx\r\n0\r\n${'a:b\r\n'.repeat(2_000)}\r\n`],
    ['chunks', `${CHUNKED}${'1\r\nx\r\n'.repeat(2_000)}0\r\n\r\n`],
  ])('keeps its status if it has 2,000 lines of %s, but not its connection', async (_what, answer) => {
    const receiver = await start((socket) => socket.write(answer));
    for (let tries = 0; tries < 4; tries += 1) {
      expect(await send(receiver.url)).toMatchObject({ status: 200, error: null, outcome: 'delivered' });
    }
    expect(receiver.connections).toHaveLength(4);
  });

  it('ends the try if it comes in very many parts', async () => {
    const receiver = await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx: ');
      const drip = setInterval(() => socket.write('y'), 1);
      socket.once('close', () => clearInterval(drip));
    });
    expect(await send(receiver.url)).toMatchObject({ status: null, error: 'invalid_response' });
    await expectCut(receiver);
  });

  it('may not go on after the answer', async () => {
    const receiver = await start((socket) => {
      socket.write(OK);
      pour(socket, '\r\n');
    });
    expect(await send(receiver.url)).toMatchObject({ status: 200, outcome: 'delivered' });
    await expectCut(receiver);
  });

  it('gets no more than the time of the try for a TLS handshake', async () => {
    const receiver = await start(() => undefined);
    const result = await send(receiver.url.replace('http:', 'https:'), 300);
    expect(result).toMatchObject({ status: null, error: 'timeout', outcome: 'retry' });
  });

  it('counts for one answer, not for all answers of a connection', async () => {
    const body = 'x'.repeat(40_000);
    const receiver = await start((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
    );
    for (let tries = 0; tries < 6; tries += 1) {
      expect(await send(receiver.url)).toMatchObject({ status: 200, outcome: 'delivered' });
    }
    expect(receiver.connections.length).toBeLessThanOrEqual(2);
  });

  it('is not decoded', async () => {
    const body = gzipSync('ok');
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`;
    const receiver = await start((socket) => socket.write(Buffer.concat([Buffer.from(head), body])));
    expect((await send(receiver.url)).excerpt).toBe(body.toString('utf8').replaceAll('\0', ''));
  });

  it('counts as a failure of its origin, so it is left alone after five floods', async () => {
    const receiver = await start((socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'));
    for (let tries = 0; tries < 5; tries += 1) await send(receiver.url);
    expect(sender.blockedForMs({ tenant: 'default', url: receiver.url, endpointId })).toBeGreaterThan(0);
  });

  it('delays nobody else, with 96 floods at once', async () => {
    const flood = await start((socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'));
    const healthy = await start((socket) => socket.write(OK));
    const floods = Array.from({ length: 96 }, (_, index) => send(`${flood.url}/${index}`));
    for (let tries = 0; tries < 20; tries += 1) {
      expect(await send(healthy.url)).toMatchObject({ status: 200, outcome: 'delivered' });
    }
    expect(new Set((await Promise.all(floods)).map(({ error }) => error))).toEqual(
      new Set(['invalid_response']),
    );
    const read = flood.connections.map(({ bytesRead }) => bytesRead);
    expect(Math.max(...read)).toBeLessThanOrEqual(MOST_BYTES);
  });
});

/** Counts as a connection does. */
class FakeSocket extends PassThrough {
  readonly bytesWritten = 1;
  bytesRead = 0;
}

describe('the parser of answers', () => {
  const BOUNDS = { bytes: 64 * 1024, reads: 512, lines: Number.POSITIVE_INFINITY, overhead: 0 };
  const HEAD = 'HTTP/1.1 200 OK\r\n';

  function receive(text: string, bounds: Partial<typeof BOUNDS> = {}): FakeSocket {
    const socket = new FakeSocket({ highWaterMark: 1024 * 1024 });
    boundAnswers(socket as Duplex as Socket, { ...BOUNDS, ...bounds });
    socket.bytesRead = text.length;
    socket.write(text);
    return socket;
  }

  function readAll(socket: FakeSocket): Buffer[] {
    const pieces: Buffer[] = [];
    for (let piece: Buffer | null; (piece = socket.read() as Buffer | null) !== null; ) pieces.push(piece);
    return pieces;
  }

  // Each exceeds one bound only.
  it.each([
    ['bytes', HEAD + 'x'.repeat(20_000), { bytes: 5_000 }, 5_000],
    ['lines', HEAD + 'a:b\r\n'.repeat(1_000), { lines: 100 }, HEAD.length + 5 * 100],
    ['reads', HEAD + 'x'.repeat(20_000), { reads: 3 }, 4 * 4 * 1024],
    ['bytes of an interim answer', `HTTP/1.1 103 Early Hints\r\n${'a:b\r\n'.repeat(4_000)}`, {}, 0],
    ['interim answers', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(9) + HEAD, {}, 0],
    ['protocols', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', {}, 0],
  ])('gets no more than the bound if there are too many %s', async (_what, text, bounds, most) => {
    const socket = receive(text, bounds);
    const failed = once(socket, 'error');
    expect(Buffer.concat(readAll(socket)).length).toBeLessThanOrEqual(most);
    expect((await failed)[0]).toMatchObject({ code: 'invalid_response' });
  });

  it('gets no interim answer, whatever empty lines come before it', () => {
    const text = `${HEAD}content-length: 0\r\n\r\n`;
    const socket = receive(`\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\r\n${text}`);
    expect(Buffer.concat(readAll(socket)).toString()).toBe(text);
  });

  it('may give bytes back, which are not counted twice', () => {
    const text = HEAD + 'x'.repeat(5_000);
    const socket = receive(text, { bytes: 6_000 });
    socket.unshift(socket.read() as Buffer);
    expect(Buffer.concat(readAll(socket)).toString()).toBe(text);
  });

  it('gets all bytes, in small pieces', () => {
    const text = HEAD + 'a:b\r\n'.repeat(8_000);
    const pieces = readAll(receive(text));
    expect(Buffer.concat(pieces).toString()).toBe(text);
    expect(Math.max(...pieces.map(({ length }) => length))).toBe(4 * 1024);
  });

  it('gets nothing more once it has refused the answer', () => {
    const socket = receive(HEAD + 'a:b\r\n'.repeat(8_000));
    expect(socket.read()).toHaveLength(4 * 1024);
    socket.destroy();
    expect(socket.read()).toBeNull();
  });
});
