import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type KeyLimits, NO_KEY_LIMITS } from '../../../../../src/domain/ports/limits.ts';
import { createQuotas, spendNothingAt } from '../../../../../src/api/http/quotas.ts';
import { eventually } from '../../../../support/eventually.ts';
import { serve } from '../../../../support/serve.ts';

const AT_ONCE = 2;

describe('the quotas of a key', () => {
  let app: Awaited<ReturnType<typeof serve>>;
  /** Look-ups of keys that wait. Calling one ends it. */
  let lookups: (() => void)[];
  let isSlow: boolean;
  let left: number;
  /** Those that an operator has set. */
  let limits: KeyLimits;

  beforeEach(async () => {
    lookups = [];
    isSlow = false;
    left = 0;
    limits = NO_KEY_LIMITS;
    app = await serve(
      express()
        .use((_req, res, next) => {
          res.locals['principal'] = { tenant: 'a', keyId: 'key', scopes: [], limits };
          res.once('close', () => (left += 1));
          if (isSlow) lookups.push(next);
          else next();
        })
        .use(spendNothingAt((path) => path === '/free'))
        .use(
          createQuotas({
            requestsPerMinute: 1_000,
            bytesPerMinute: 1_000,
            atOnce: AT_ONCE,
            inFlightMax: 100,
          }),
        )
        .use((_req, res) => void res.json({}))
        .use(
          (_error: unknown, _req: unknown, res: express.Response, _next: unknown) =>
            void res.status(429).end(),
        ),
    );
  });
  afterEach(() => app.close());

  it('do not count a request whose client left while its key was looked up', async () => {
    isSlow = true;
    const gone = Array.from({ length: 5 }, () => request(app.baseUrl).on('error', () => undefined));
    for (const one of gone) one.end();
    await eventually(() => lookups.length === 5);
    for (const one of gone) one.destroy();
    await eventually(() => left === 5);
    for (const end of lookups) end();
    isSlow = false;
    for (let times = 0; times <= AT_ONCE; times += 1) expect((await fetch(app.baseUrl)).status).toBe(200);
  });

  it('are those that an operator has set for the key or its tenant, and change at once', async () => {
    await fetch(app.baseUrl);
    limits = { requestsPerMinute: 2, mibPerMinute: 1, requestsAtOnce: null };
    const answer = await fetch(app.baseUrl);
    expect([answer.status, answer.headers.get('ratelimit-policy')]).toEqual([
      200,
      `"requests";q=2;w=60, "bytes";q=${1024 * 1024};w=60;qu="content-bytes"`,
    ]);
    expect(answer.headers.get('ratelimit')).toMatch(/^"requests";r=0;/);
    expect((await fetch(app.baseUrl)).status).toBe(429);
    limits = NO_KEY_LIMITS;
    expect((await fetch(app.baseUrl)).status).toBe(200);
  });

  it('do not count a free request, and answer it although none is left', async () => {
    limits = { requestsPerMinute: 2, mibPerMinute: null, requestsAtOnce: null };
    const ask = async (path: string) => {
      const answer = await fetch(app.baseUrl + path);
      return [answer.status, /r=(\d+)/.exec(answer.headers.get('ratelimit') ?? '')?.[1]];
    };
    expect(await ask('/free')).toEqual([200, '2']);
    expect(await ask('/')).toEqual([200, '1']);
    expect(await ask('/free')).toEqual([200, '1']);
    expect(await ask('/')).toEqual([200, '0']);
    expect(await ask('/')).toEqual([429, '0']);
    expect(await ask('/free')).toEqual([200, '0']);
  });

  it('name no longer wait than a minute after the wall clock was set back', async () => {
    await fetch(app.baseUrl);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    const answer = await fetch(app.baseUrl).finally(() => vi.useRealTimers());
    expect(answer.headers.get('ratelimit')).toMatch(/^"requests";r=998;t=60, /);
  });

  it('charge a refused chunked body as the largest possible one', async () => {
    const { port } = new URL(app.baseUrl);
    const chunked = request({
      port: Number(port),
      method: 'POST',
      headers: { 'transfer-encoding': 'chunked' },
    });
    chunked.end('x');
    const [answer] = (await once(chunked, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    await eventually(async () => (await fetch(app.baseUrl)).status === 429);
  });
});

describe('the files of a key', () => {
  it('are counted apart, so slow ones keep no other request waiting, and their bytes are not refused', async () => {
    let underWay = 0;
    const app = await serve(
      express()
        .use((_req, res, next) => {
          res.locals['principal'] = { tenant: 'a', keyId: 'key', scopes: [] };
          next();
        })
        .use(createQuotas({ requestsPerMinute: 100, bytesPerMinute: 10, atOnce: AT_ONCE, inFlightMax: 100 }))
        .use((req, res) => {
          if (req.get('content-type') === 'image/png') underWay += 1;
          else res.json({});
        })
        .use(
          (_error: Error, _req: unknown, res: express.Response, _next: unknown) => void res.status(429).end(),
        ),
    );
    const send = () =>
      request(`${app.baseUrl}/assets/image`, {
        agent: false,
        method: 'POST',
        headers: { 'content-type': 'image/png', 'content-length': 1_000 },
      }).on('error', () => undefined);
    const slow = Array.from({ length: AT_ONCE }, send);
    for (const one of slow) one.write('x');
    await eventually(() => underWay === AT_ONCE, { what: 'the files' });
    expect((await fetch(app.baseUrl)).status).toBe(200);
    const more = send();
    more.flushHeaders();
    const [answer] = (await once(more, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(429);
    for (const one of [...slow, more]) one.destroy();
    app.close();
  });
});

describe('the requests of a tenant with many keys', () => {
  const PLACES = 20;

  it('leave places to other tenants', async () => {
    let underWay = 0;
    let refused = 0;
    const app = await serve(
      express()
        .use((req, res, next) => {
          res.locals['principal'] = { tenant: req.get('tenant'), keyId: req.get('key'), scopes: [] };
          next();
        })
        .use(createQuotas({ requestsPerMinute: 100, bytesPerMinute: 100, atOnce: 1, inFlightMax: PLACES }))
        .use((req, res) => {
          if (req.get('tenant') === 'few') res.json({});
          else underWay += 1;
        })
        .use((error: Error, _req: unknown, res: express.Response, _next: unknown) => {
          refused += 1;
          res.status(429).end(error.message);
        }),
    );
    const flood = Array.from({ length: PLACES }, (_, key) =>
      request(app.baseUrl, { agent: false, headers: { tenant: 'flood', key: `key-${key}` } })
        .on('error', () => undefined)
        .end(),
    );
    await eventually(() => underWay + refused === PLACES, { what: 'a full process' });
    expect(underWay).toBe(PLACES / 2);
    expect((await fetch(app.baseUrl, { headers: { tenant: 'few', key: 'few' } })).status).toBe(200);
    const more = await fetch(app.baseUrl, { headers: { tenant: 'flood', key: 'one more' } });
    expect(await more.text()).toBe('Too many requests of this tenant are in progress.');
    for (const one of flood) one.destroy();
    app.close();
  });
});
