import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { createTestSender, eventFor, secretBox } from '../../../support/webhook-sender.ts';

const endpointId = '00000000-0000-4000-8000-000000000001';
const secrets = [secretBox.seal(Buffer.alloc(32, 's'), endpointId)];

/** More than a worker keeps of one tenant. */
const ORIGINS = 200;

it('keeps few connections of a tenant, and none for as long as its receivers ask for', async () => {
  let open = 0;
  let most = 0;
  const receiver = createServer({ keepAlive: true, keepAliveTimeout: 600_000 }, (_req, res) => {
    res.writeHead(200, { connection: 'keep-alive', 'keep-alive': 'timeout=600' }).end();
  });
  receiver.on('connection', (socket) => {
    open += 1;
    most = Math.max(most, open);
    socket.on('close', () => (open -= 1));
  });
  receiver.listen(0, '0.0.0.0');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  const sender = createTestSender();
  for (let host = 1; host <= ORIGINS; host += 1) {
    const url = `http://127.0.0.${host}:${port}/`;
    const tried = await sender.send(eventFor({ url, endpointId, secrets, timeoutMs: 20_000 }));
    expect(tried).toMatchObject({ status: 200 });
  }
  expect(most).toBeLessThanOrEqual(140);
  await eventually(() => open === 0, { what: 'closed connections' });
  await sender.close();
  receiver.close();
});
