import express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { routeOperations } from '../../../../../src/api/http/operation.ts';
import { getReadiness, getStartup, type ReadinessCheck } from '../../../../../src/api/service/health.ts';
import { eventually } from '../../../../support/eventually.ts';
import { expectWithin } from '../../../../support/machine-pace.ts';
import { serve } from '../../../../support/serve.ts';

type Trouble = string | null;

describe('the health of a process', () => {
  const servers: Awaited<ReturnType<typeof serve>>[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** `troubles` may change while the app serves. */
  async function start(
    troubles: Record<'postgres' | 'temporal' | 'worker', () => Trouble | Promise<Trouble>>,
  ) {
    const checks = Object.entries(troubles).map(
      ([name, findTrouble]): ReadinessCheck => ({
        name,
        isNeededToServe: name === 'postgres',
        findTrouble: async () => findTrouble(),
      }),
    );
    const app = express();
    app.use(routeOperations([getReadiness, getStartup], { readiness: checks, isDraining: () => false }));
    const server = await serve(app);
    servers.push(server);
    return async (path: string) => {
      const answer = await fetch(server.baseUrl + path);
      return {
        status: answer.status,
        retryAfter: answer.headers.get('retry-after'),
        body: (await answer.json()) as { status: string; checks: object; reasons?: object },
      };
    };
  }

  const ok = () => null;
  const never = () => new Promise<Trouble>(() => undefined);

  it('is ready while it can serve, and tells which other parts are missing, and why', async () => {
    const get = await start({ postgres: ok, temporal: () => 'nothing listens there', worker: ok });
    expect(await get('/readyz')).toEqual({
      status: 200,
      retryAfter: null,
      body: {
        status: 'ready',
        checks: { postgres: 'ok', temporal: 'unavailable', worker: 'ok' },
        reasons: { temporal: 'nothing listens there' },
      },
    });
  });

  it('is ready within the second that a probe of Kubernetes has, although Temporal hangs', async () => {
    const get = await start({ postgres: ok, temporal: never, worker: ok });
    const begin = performance.now();
    const { status, body } = await get('/readyz');
    expectWithin(performance.now() - begin, 1_000);
    expect([status, body.reasons]).toEqual([200, { temporal: 'it does not answer in time' }]);
  });

  it('names the parts that are missing or late, and why, before a load balancer gives up', async () => {
    const get = await start({ postgres: never, temporal: ok, worker: () => 'no worker is alive' });
    const begin = performance.now();
    const answer = await get('/readyz');
    expectWithin(performance.now() - begin, 4_000);
    expect(answer).toEqual({
      status: 503,
      retryAfter: '1',
      body: {
        status: 'unavailable',
        checks: { postgres: 'unavailable', temporal: 'ok', worker: 'unavailable' },
        reasons: { postgres: 'it does not answer in time', worker: 'no worker is alive' },
      },
    });
  });

  it('has started when all parts were there at once, and stays so', async () => {
    let temporal: Trouble = 'nothing listens there';
    let worker: Trouble = null;
    const get = await start({ postgres: ok, temporal: () => temporal, worker: () => worker });
    expect(await get('/startupz')).toEqual({
      status: 503,
      retryAfter: '1',
      body: {
        status: 'starting',
        checks: { postgres: 'ok', temporal: 'unavailable', worker: 'ok' },
        reasons: { temporal: 'nothing listens there' },
      },
    });

    [temporal, worker] = [null, 'no worker is alive'];
    await eventually(async () => (await get('/readyz')).body.reasons !== undefined, { what: 'a new look' });
    expect((await get('/startupz')).status).toBe(503);

    worker = null;
    await eventually(async () => (await get('/startupz')).status === 200, { what: 'the start' });
    temporal = 'nothing listens there';
    await eventually(async () => 'temporal' in ((await get('/readyz')).body.reasons ?? {}), {
      what: 'a new look',
    });
    expect(await get('/startupz')).toEqual({
      status: 200,
      retryAfter: null,
      body: { status: 'started', checks: { postgres: 'ok', temporal: 'ok', worker: 'ok' } },
    });
  });

  it.each(['/readyz', '/startupz'])('is looked at once for all requests of a moment: %s', async (path) => {
    let looks = 0;
    const get = await start({
      postgres: ok,
      temporal: () => {
        looks += 1;
        return 'nothing listens there';
      },
      worker: ok,
    });
    await Promise.all(Array.from({ length: 50 }, () => get(path)));
    expect(looks).toBeLessThanOrEqual(2);
  });
});
