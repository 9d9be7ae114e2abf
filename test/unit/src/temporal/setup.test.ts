import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { prepareNamespace } from '../../../../src/temporal/setup.ts';

const PREPARATION = { updateSchedules: true, onMissing: () => undefined };

/** A Temporal server that lets clients connect and then gives each call this status, or none where it is null. */
async function serveTemporal(status: number | null) {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const isGreeting = String(headers[':path']).endsWith('/GetSystemInfo');
    const answer = isGreeting ? 0 : status;
    if (answer === null) return;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(answer) }));
    stream.end(answer === 0 ? Buffer.alloc(5) : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connection = await NativeConnection.connect({
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  return {
    client: new Client({ connection }),
    async close() {
      await connection.close();
      server.close();
    },
  };
}

describe('a namespace that a worker is to use', () => {
  it.each([
    ['does not answer in time', null],
    ['reports an internal error', 13],
  ])(
    'is waited for while its server %s',
    async (reason, status) => {
      const { client, close } = await serveTemporal(status);
      expect(await prepareNamespace(client, PREPARATION)).toContain(reason);
      await close();
    },
    30_000,
  );

  it('is not waited for if that does not help: permission is denied', async () => {
    const { client, close } = await serveTemporal(7);
    await expect(prepareNamespace(client, PREPARATION)).rejects.toMatchObject({ code: 7 });
    await close();
  });
});
