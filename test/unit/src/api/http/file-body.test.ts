import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { readFile } from '../../../../../src/api/http/file-body.ts';

describe('the body of a file', () => {
  let server: Server;

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** What happens to the chunks of a body of 300,000 bytes, of which the client sends `sent`. */
  async function read(options: { keepsChunks?: boolean }, sent = 300_000) {
    const app = express();
    const seen = { bytes: 0, lengthsAfter: [] as number[], failure: null as unknown };
    async function take(req: express.Request, res: express.Response): Promise<void> {
      const chunks: Buffer[] = [];
      for await (const chunk of readFile(req, res, options)) {
        seen.bytes += chunk.filter((byte) => byte === 7).length;
        chunks.push(chunk);
      }
      seen.lengthsAfter = chunks.map(({ length }) => length);
    }
    app.post('/', (req, res) => {
      take(req, res)
        .catch((error: unknown) => (seen.failure = error))
        .finally(() => res.end('done'));
    });
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\nConnection: close\r\n\r\n');
    socket.write(Buffer.alloc(sent, 7));
    if (sent < 300_000) socket.end();
    await text(socket).catch(() => '');
    return seen;
  }

  it('comes whole, and gives back the memory of each chunk when the next one is asked for', async () => {
    const { bytes, lengthsAfter } = await read({});
    expect(bytes).toBe(300_000);
    expect(lengthsAfter.length).toBeGreaterThan(1);
    expect(Math.max(...lengthsAfter)).toBeLessThan(10_000);
  });

  it('keeps the memory of its chunks if somebody else still needs them', async () => {
    const { lengthsAfter } = await read({ keepsChunks: true });
    expect(lengthsAfter.reduce((sum, length) => sum + length, 0)).toBe(300_000);
  });

  it('that broke off before anybody read it is malformed', async () => {
    const app = express();
    const outcome = Promise.withResolvers<unknown>();
    app.post('/', (req, res) => {
      req.once('close', () => {
        readFile(req, res).next().then(outcome.resolve, outcome.resolve);
      });
    });
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect({ port: (server.address() as AddressInfo).port });
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf', () => socket.destroy());
    expect(await outcome.promise).toMatchObject({ code: 'malformed_upload' });
  });

  it('that breaks off is malformed', async () => {
    const { bytes, failure } = await read({}, 100_000);
    expect(bytes).toBe(100_000);
    expect(failure).toMatchObject({ code: 'malformed_upload' });
  });
});
