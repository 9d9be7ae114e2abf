import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  createServer,
  request,
  type IncomingMessage,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTraffic, type Traffic } from '../../../../../src/api/http/traffic.ts';
import type { AssetStore } from '../../../../../src/domain/ports/assets.ts';
import type { UploadStore } from '../../../../../src/domain/ports/uploads.ts';
import { FILES_AT_ONCE } from '../../../../../src/api/http/file-body.ts';
import { createBareApp } from '../../../../support/app.ts';
import { eventually } from '../../../../support/eventually.ts';

const IN_FLIGHT_MAX = 2;
/** Longer than a few requests take on a busy machine. */
const BODY_TIMEOUT_MS = 2_000;
const FILE_TIMEOUT_MS = 500;
const KIB = 1024;
const SUBMISSION = JSON.stringify({ assetPath: { location: 'local', path: './assets/rocket.jpg' } });

describe('the traffic of one API process', () => {
  let server: Server;
  let agent: Agent;
  let traffic: Traffic;
  /** Serves anew. */
  let listen: (times?: { fileTimeoutMs?: number }) => Promise<void>;
  /** Bytes of files that have arrived. */
  let arrived: number;
  /** Submissions that wait for their commit. Calling one commits it. */
  let commits: (() => void)[];

  beforeEach(async () => {
    commits = [];
    arrived = 0;
    const uploads: UploadStore = {
      maxBytes: 2 ** 40,
      async keep(_tenant, body) {
        for await (const chunk of body) arrived += chunk.length;
        return { uploadId: 'an-id', bytes: arrived, sha256: '' };
      },
      remove: () => Promise.resolve(),
    };
    const assets: Partial<AssetStore> = {
      accept: () => new Promise((resolve) => commits.push(() => resolve('an-id'))),
    };
    agent = new Agent({ keepAlive: true });
    listen = async (times = {}) => {
      traffic = createTraffic({ inFlightMax: IN_FLIGHT_MAX, bodyTimeoutMs: BODY_TIMEOUT_MS, ...times });
      const app = createBareApp({ assets: assets as AssetStore, uploads, traffic });
      server = createServer(app).listen(0, '127.0.0.1');
      await once(server, 'listening');
    };
    await listen();
  });
  afterEach(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });

  /** `length` may promise more of a body than is sent. */
  async function call(
    method: string,
    path: string,
    body = '',
    length = body.length,
  ): Promise<IncomingMessage> {
    const sent = request({
      agent,
      method,
      path,
      port: (server.address() as AddressInfo).port,
      headers: { 'content-type': 'application/json', 'content-length': length },
    });
    if (length === body.length) sent.end(body);
    else sent.write(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return answer;
  }
  const submit = () => call('POST', '/assets/image/', SUBMISSION);

  it('above the limit is refused before its body is read, except on health routes, until a request has ended', async () => {
    const underWay = [submit(), submit()];
    await eventually(() => commits.length === IN_FLIGHT_MAX);

    const refused = await call('POST', '/assets/image/', '{', 1_000);
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(JSON.parse(await text(refused))).toMatchObject({ type: 'urn:validatr:error:overloaded' });
    expect((await call('GET', '/healthz')).statusCode).toBe(200);
    expect((await call('GET', '/readyz')).statusCode).toBe(200);

    for (const commit of commits) commit();
    for (const answer of await Promise.all(underWay)) expect(answer.statusCode).toBe(202);
    const next = submit();
    await eventually(() => commits.length === IN_FLIGHT_MAX + 1);
    commits.at(-1)?.();
    expect((await next).statusCode).toBe(202);
  });

  it('waits for a body until its deadline, then refuses the request', async () => {
    const begin = performance.now();
    const answer = await call('POST', '/assets/image/', '{', 1_000);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(BODY_TIMEOUT_MS - 5);
    expect([answer.statusCode, answer.headers.connection]).toEqual([408, 'close']);
    expect(JSON.parse(await text(answer))).toMatchObject({ type: 'urn:validatr:error:request_timeout' });
    const next = submit();
    await eventually(() => commits.length === 1);
    commits[0]?.();
    expect((await next).statusCode).toBe(202);
  });

  it('keeps places for complete requests: above the limit the oldest unfinished body is refused', async () => {
    const answers: number[] = [];
    const slow = [1, 2, 3].map((which) =>
      call('POST', '/assets/image/', '{', 1_000).then(({ statusCode }) => {
        answers.push(which);
        return statusCode;
      }),
    );
    await eventually(() => answers.length === 1);
    const honest = submit();
    await eventually(() => commits.length === 1);
    expect(answers.length).toBeLessThanOrEqual(2);
    commits[0]?.();
    expect((await honest).statusCode).toBe(202);
    expect(await Promise.all(slow)).toEqual([408, 408, 408]);
  });

  /** Begins to send a file. The caller sends the rest. */
  function beginFile(): ClientRequest {
    const sent = request({
      agent,
      method: 'POST',
      path: '/assets/image/',
      port: (server.address() as AddressInfo).port,
      headers: { 'content-type': 'image/png', 'content-length': 2 ** 30 },
    });
    sent.on('error', () => undefined);
    sent.write('x');
    return sent;
  }
  const statusOf = async (sent: ClientRequest) =>
    ((await once(sent, 'response')) as [IncomingMessage])[0].statusCode;

  it('waits for a file as long as it goes on arriving, and no longer', async () => {
    server.close();
    await listen({ fileTimeoutMs: FILE_TIMEOUT_MS });
    const file = beginFile();
    const status = statusOf(file);
    const begin = performance.now();
    while (performance.now() - begin < 3 * FILE_TIMEOUT_MS) {
      const before = arrived;
      file.write(Buffer.alloc(64 * KIB));
      await eventually(() => arrived >= before + 64 * KIB, { everyMs: FILE_TIMEOUT_MS / 10 });
    }
    const silent = performance.now();
    expect(await status).toBe(408);
    expect(performance.now() - silent).toBeLessThan(BODY_TIMEOUT_MS + 2 * FILE_TIMEOUT_MS);
  });

  it('keeps places for files apart from all others', async () => {
    const files = Array.from({ length: FILES_AT_ONCE }, beginFile);
    await eventually(() => arrived === FILES_AT_ONCE, { what: 'the first bytes' });
    expect(await statusOf(beginFile())).toBe(503);
    const honest = submit();
    await eventually(() => commits.length === 1);
    commits[0]?.();
    expect((await honest).statusCode).toBe(202);
    for (const file of files) file.destroy();
    const isRefused = async () => {
      const next = beginFile();
      const refused = await Promise.race([
        statusOf(next),
        new Promise((resolve) => setTimeout(resolve, 100)),
      ]);
      next.destroy();
      return refused === 503;
    };
    await eventually(async () => !(await isRefused()), { what: 'a free place' });
  });

  it('is answered to the end while the process drains: answers close their connections, and only /readyz says no', async () => {
    const before = await call('POST', '/echo/post', '1');
    expect(before.headers.connection).toBe('keep-alive');
    const underWay = submit();
    await eventually(() => commits.length === 1);

    traffic.drain();
    const readyz = await call('GET', '/readyz');
    expect([readyz.statusCode, readyz.headers.connection]).toEqual([503, 'close']);
    expect(JSON.parse(await text(readyz))).toMatchObject({ type: 'urn:validatr:error:draining' });
    const echo = await call('POST', '/echo/post', '1');
    expect([echo.statusCode, echo.headers.connection]).toEqual([200, 'close']);
    commits[0]?.();
    const answer = await underWay;
    expect([answer.statusCode, answer.headers.connection]).toEqual([202, 'close']);
  });
});
