import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { createTestHttpSource, WITHOUT_PACE } from '../../../support/storage/http-source.ts';
import { pour } from '../../../support/stand-ins/raw-receiver.ts';
import { startRawWebServer, type WebServer } from '../../../support/stand-ins/web-server.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

/** A server has to send a byte in each 100 ms here, and not only in each 20 s. */
const IMPATIENT = { bytes: 200, everyMs: 100 };

describe('a web server that', () => {
  let server: WebServer;

  afterEach(async () => {
    await eventually(() => server.open.size === 0, { what: 'the end of every connection' });
    await server.close();
  });

  const start = async (answer: (socket: Socket) => void) => {
    server = await startRawWebServer(answer);
    return server.url;
  };

  /** Sends `unit` again and again, a few milliseconds apart. */
  function drip(socket: Socket, unit: string): void {
    const dripping = setInterval(() => socket.write(unit), 5);
    socket.once('close', () => clearInterval(dripping));
  }

  it.each([
    ['says nothing', '', ''],
    ['sends its headers byte by byte', OK, 'x'],
    ['sends its body byte by byte', `${OK}content-length: 100000\r\n\r\n`, 'x'],
    ['sends its body byte by byte, without a length', `${OK}\r\n`, 'x'],
    ['stops in the middle of its body', `${OK}content-length: 100000\r\n\r\nabc`, ''],
    ['stops when much has come', `${OK}content-length: 100000\r\n\r\n${'x'.repeat(90_000)}`, ''],
  ])('%s is given up as soon as it is too slow', async (_what, first, unit) => {
    const url = await start((socket) => {
      socket.write(first);
      if (unit !== '') drip(socket, unit);
    });
    const found = await createTestHttpSource({ least: IMPATIENT }).get(url);
    expect(typeof found === 'string' ? found : found.body).toBe('trouble timeout');
  });

  it('is quick enough may take longer than that in all', async () => {
    let left = 40;
    const url = await start((socket) => {
      socket.write(`${OK}content-length: 4000\r\n\r\n`);
      const sending = setInterval(() => {
        socket.write('x'.repeat(100));
        left -= 1;
        if (left === 0) clearInterval(sending);
      }, 10);
    });
    const found = await createTestHttpSource({ least: { bytes: 1, everyMs: 150 } }).get(url);
    expect(found).toMatchObject({ bytes: 4_000, body: 'x'.repeat(4_000) });
  });

  it.each(['', `${OK}x: `, `${OK}content-length: 100000\r\n\r\nabc`])(
    'hangs is left when the caller waits no longer: %j',
    async (first) => {
      const url = await start((socket) => socket.write(first));
      const found = await createTestHttpSource().get(url, { signal: AbortSignal.timeout(200) });
      expect(typeof found === 'string' ? found : found.body).toBe('trouble timeout');
    },
  );

  it.each([
    ['endless interim answers', '', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'],
    ['one interim answer without end', 'HTTP/1.1 103 Early Hints\r\n', `x: ${'y'.repeat(9)}\r\n`],
    ['endless headers', OK, 'a:b\r\n'],
    ['one header without end', `${OK}x: `, 'y'],
    ['a status line without end', 'HTTP/1.1 200 ', 'OK'],
    ['garbage', '', '\0\xff'],
    ['no HTTP', '220 mail.example ESMTP\r\n', 'x\r\n'],
    [
      'a change of protocol',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      'x',
    ],
    ['two lengths', `${OK}content-length: 1\r\ncontent-length: 2\r\n\r\n`, 'x'],
    ['a negative length', `${OK}content-length: -1\r\n\r\n`, 'x'],
  ])('sends %s gives no valid answer, and costs little', async (_what, first, unit) => {
    let came = 0;
    const url = await start((socket) => {
      socket.once('close', () => (came = socket.bytesWritten));
      socket.write(first, 'latin1');
      pour(socket, unit);
    });
    expect(await createTestHttpSource().get(url)).toBe('invalid_answer');
    await eventually(() => came > 0, { what: 'a cut connection' });
  });

  it.each([
    [60_000, { bytes: 3, body: 'abc' }],
    [70_000, 'invalid_answer'],
  ])('sends %i bytes of headers: only above 64 KiB, that is no valid answer', async (bytes, found) => {
    const headers = `x: ${'y'.repeat(bytes)}\r\ncontent-length: 3\r\n\r\n`;
    const url = await start((socket) => socket.write(`${OK}${headers}abc`));
    expect(await createTestHttpSource().get(url)).toEqual(found);
  });

  it.each([
    ['no valid chunk', `${CHUNKED}zz\r\n`, 'x'],
    ['a chunk extension without end', `${CHUNKED}1;`, 'a'],
    ['trailers without end', `${CHUNKED}1\r\nx\r\n0\r\n`, 'a:b\r\n'],
  ])('sends a body with %s gives no valid answer', async (_what, first, unit) => {
    const url = await start((socket) => {
      socket.write(first);
      pour(socket, unit);
    });
    const found = await createTestHttpSource().get(url);
    expect(typeof found === 'string' ? found : found.body).toBe('invalid_answer');
  });

  it('sends its body in crumbs gives no valid answer, long before the bound of a body', async () => {
    const url = await start((socket) => {
      socket.write(CHUNKED);
      pour(socket, '1\r\nx\r\n');
    });
    const most = 16 * 1024 * 1024;
    expect(await createTestHttpSource({ maxBytes: most }).get(url, { most: 100_000 })).toEqual({
      bytes: null,
      body: 'invalid_answer',
    });
  });

  it('sends each byte of its body by itself gives no valid answer, after some hundred reads', async () => {
    let sent = 0;
    const url = await start((socket) => {
      socket.once('close', () => (sent = socket.bytesWritten));
      socket.write(`${OK}content-length: 100000\r\n\r\n`);
      // The client reads in between.
      const next = () => void (socket.destroyed || socket.write('x', () => setImmediate(next)));
      next();
    });
    const found = await createTestHttpSource({ maxBytes: 1_000 }).get(url);
    expect(typeof found === 'string' ? found : found.body).toBe('invalid_answer');
    await eventually(() => sent > 0, { what: 'a cut connection' });
    // Crumbs alone would be refused after 4,096.
    expect(sent).toBeLessThan(3_000);
  });

  it('sends a large body in small pieces, as far as they are no crumbs, is read', async () => {
    const url = await start((socket) => {
      socket.end(`${CHUNKED}${`100\r\n${'x'.repeat(256)}\r\n`.repeat(10_000)}0\r\n\r\n`);
    });
    const found = await createTestHttpSource({ maxBytes: 4_000_000 }).get(url, { most: 4_000_000 });
    expect(typeof found === 'string' ? found : found.body.length).toBe(2_560_000);
  });

  it.each([
    ['without a length', `${OK}\r\n`, 'body '],
    ['in chunks', CHUNKED, `1000\r\n${'x'.repeat(4096)}\r\n`],
  ])('sends a body without end, %s, is read up to the bound', async (_how, first, unit) => {
    let sent = 0;
    const url = await start((socket) => {
      socket.once('close', () => (sent = socket.bytesWritten));
      socket.write(first);
      pour(socket, unit);
    });
    const found = await createTestHttpSource().get(url, { most: 10_000 });
    expect(found).toMatchObject({ bytes: null });
    expect(typeof found === 'string' ? 0 : found.body.length).toBe(10_000);
    await eventually(() => sent > 0, { what: 'a cut connection' });
  });

  it('sends more than it says is read as far as it says', async () => {
    const url = await start((socket) => {
      socket.write(`${OK}content-length: 3\r\n\r\nabc`);
      pour(socket, 'more ');
    });
    expect(await createTestHttpSource().get(url)).toEqual({ bytes: 3, body: 'abc' });
  });

  it.each([
    ['a length', `${OK}content-length: 10\r\n\r\nabc`],
    ['chunks', `${CHUNKED}3\r\nabc\r\n`],
    ['a length, on a connection of one answer', `${OK}connection: close\r\ncontent-length: 10\r\n\r\nabc`],
    ['a length, in HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 10\r\n\r\nabc'],
    [
      'chunks, on a connection of one answer',
      `${OK}connection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`,
    ],
    ['a half chunk', `${OK}connection: close\r\ntransfer-encoding: chunked\r\n\r\n9\r\nabc`],
  ])('sends less than it says, by %s, has cut the body short', async (_how, whole) => {
    const url = await start((socket) => socket.end(whole));
    const found = await createTestHttpSource().get(url);
    expect(typeof found === 'string' ? found : found.body).toBe('trouble cut_short');
  });

  it('resets the connection in the middle is in trouble', async () => {
    const url = await start((socket) => {
      socket.write(`${OK}content-length: 10\r\n\r\nabc`, () => socket.resetAndDestroy());
    });
    const found = await createTestHttpSource().get(url);
    expect(typeof found === 'string' ? found : found.body).toMatch(/^trouble (connection_reset|cut_short)$/);
  });

  it('is found only after the caller has left gets no request, and keeps no connection', async () => {
    let requests = 0;
    const url = await start(() => (requests += 1));
    let find = (_addresses: string[]): void => undefined;
    const found = new Promise<string[]>((resolve) => (find = resolve));
    const caller = new AbortController();
    const source = createTestHttpSource({ least: WITHOUT_PACE, lookup: () => found });
    const asked = source.get(url.replace('127.0.0.1', 'pictures.example'), { signal: caller.signal });
    caller.abort();
    expect(await asked).toBe('trouble timeout');
    find(['127.0.0.1']);
    await eventually(() => server.accepted > 0, { what: 'a connection' });
    await eventually(() => server.open.size === 0, { what: 'its end' });
    expect(requests).toBe(0);
  });

  it('ends the connection without an answer is in trouble', async () => {
    const url = await start((socket) => socket.end());
    expect(await createTestHttpSource().get(url)).toBe('trouble cut_short');
  });

  it('sends a gzip bomb is refused before a byte of it is unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const url = await start((socket) => {
      socket.write(`${OK}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
      socket.write(bomb);
    });
    expect(await createTestHttpSource().get(url)).toBe('encoding');
  });

  it('may send interim answers, as far as they are few', async () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n';
    const url = await start((socket) => socket.write(`${interim}${OK}content-length: 3\r\n\r\nabc`));
    expect(await createTestHttpSource().get(url)).toEqual({ bytes: 3, body: 'abc' });
  });

  it('has a body that is cut leaves no connection behind, a hundred times', async () => {
    const url = await start((socket) => {
      socket.write(`${OK}content-length: 100000\r\n\r\n`);
      pour(socket, 'x');
    });
    const source = createTestHttpSource();
    for (let round = 0; round < 10; round += 1) {
      const found = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          index % 2 === 0 ? source.get(url, { most: 100 }) : source.stat(url),
        ),
      );
      expect(found.every((one) => typeof one !== 'string')).toBe(true);
    }
  });
});
