import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from '../../../../src/dev/free-port.ts';

it('gives no port that an outgoing connection may take before its program listens', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const outgoing = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(outgoing, 'connect');
  // Systems number them upwards from 32,768, and some from 49,152.
  expect(outgoing.localPort).toBeGreaterThanOrEqual(32_768);
  const ports = await Promise.all(Array.from({ length: 20 }, freePort));
  expect(Math.max(...ports)).toBeLessThan(32_768);
  expect(Math.min(...ports)).toBeGreaterThan(1_024);
  outgoing.destroy();
  server.close();
});

it('gives nobody a port that another caller was given, and does not use yet', async () => {
  const ports = new Set<number>();
  for (let calls = 0; calls < 400; calls += 1) ports.add(await freePort());
  expect(ports.size).toBe(400);
});
