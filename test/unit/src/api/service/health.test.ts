import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routeOperations } from '../../../../../src/api/http/operation.ts';
import { getReadiness } from '../../../../../src/api/service/health.ts';
import { expectWithin } from '../../../../support/machine-pace.ts';

describe('/readyz', () => {
  let server: Server;
  let looks = 0;

  beforeAll(async () => {
    const checks = [
      { name: 'postgres', findTrouble: () => new Promise<string | null>(() => undefined) },
      {
        name: 'temporal',
        findTrouble() {
          looks += 1;
          return Promise.resolve(null);
        },
      },
      { name: 'worker', findTrouble: () => Promise.resolve('no worker is alive') },
    ];
    const app = express();
    app.use(routeOperations([getReadiness], { readiness: checks, isDraining: () => false }));
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('names the parts that are missing or late, and why, before a load balancer gives up', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`;
    const begin = performance.now();
    const answer = await fetch(url);
    expectWithin(performance.now() - begin, 4_000);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      status: 'unavailable',
      checks: { postgres: 'unavailable', temporal: 'ok', worker: 'unavailable' },
      reasons: { postgres: 'it does not answer in time', worker: 'no worker is alive' },
    });
  });

  it('looks once for all requests of a moment', async () => {
    const before = looks;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`;
    await Promise.all(Array.from({ length: 50 }, async () => (await fetch(url)).text()));
    expect(looks - before).toBeLessThanOrEqual(2);
  });
});
