import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHealthRouter } from '../../../../src/api/health.ts';

describe('/readyz', () => {
  let server: Server;

  beforeAll(async () => {
    const checks = [
      { name: 'postgres', isReady: () => new Promise<boolean>(() => undefined) },
      { name: 'temporal', isReady: () => Promise.resolve(true) },
    ];
    server = createServer(express().use(createHealthRouter(checks, () => false))).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('names what does not answer in time, before a load balancer gives up on it', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(4_000) });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ checks: { postgres: 'unavailable', temporal: 'ok' } });
  });
});
