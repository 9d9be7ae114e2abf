import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../../../src/telemetry/logger.ts';
import { createBareApp } from '../../../../support/app.ts';
import { eventually } from '../../../../support/eventually.ts';

type Line = Readonly<Record<string, unknown>>;

/** The first line in the log at `info` for requests from 127.0.0.1 of these paths. */
async function firstLogged(
  paths: readonly string[],
  trustedProxies?: readonly string[],
  headers: Record<string, string> = {},
): Promise<Line> {
  const lines: string[] = [];
  const app = createBareApp({
    logger: createLogger('info', 'api', { write: (line) => void lines.push(line) }),
    ...(trustedProxies === undefined ? {} : { trustedProxies }),
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (const path of paths) await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  const line = await eventually(() => lines[0]);
  server.closeAllConnections();
  server.close();
  return JSON.parse(line) as Line;
}

/** The address in the log for a request with these headers. */
async function addressLogged(trustedProxies: readonly string[] | undefined, headers: Record<string, string>) {
  return (await firstLogged(['/nothing'], trustedProxies, headers))['remoteAddress'];
}

it('the request log has no probes at `info`', async () => {
  const probes = ['/healthz', '/healthz/', '/readyz', '/readyz/', '/startupz', '/startupz/'];
  expect(await firstLogged([...probes, '/readyzz'])).toMatchObject({ path: '/readyzz', status: 404 });
});

describe('the address in the request log', () => {
  const forged = {
    'x-forwarded-for': '203.0.113.9',
    forwarded: 'for=203.0.113.9',
    'x-real-ip': '203.0.113.9',
  };

  it('is the address of the connection, whatever the headers say, unless a proxy is configured', async () => {
    expect(await addressLogged(undefined, {})).toBe('127.0.0.1');
    expect(await addressLogged(undefined, forged)).toBe('127.0.0.1');
    expect(await addressLogged(['192.0.2.0/24'], forged)).toBe('127.0.0.1');
  });

  it('is the address that a trusted proxy names', async () => {
    expect(await addressLogged(['loopback'], forged)).toBe('203.0.113.9');
    expect(await addressLogged(['127.0.0.0/8'], forged)).toBe('203.0.113.9');
  });

  it('is the last address that is not a trusted proxy: addresses that a client put before it are ignored', async () => {
    const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.9, 10.0.0.1' };
    expect(await addressLogged(['loopback', '10.0.0.0/8'], headers)).toBe('203.0.113.9');
    expect(await addressLogged(['loopback'], headers)).toBe('10.0.0.1');
  });
});
