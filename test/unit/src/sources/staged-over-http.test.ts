import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStaging, type Staging } from '../../../../src/sources/staging.ts';
import { serve } from '../../../support/serve.ts';

const CONTENT = Buffer.alloc(3 * 1024 * 1024, 'x');

describe('bytes that come by HTTP', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let dir: string;
  let staging: Staging;
  let server: Awaited<ReturnType<typeof serve>>;
  const connections = new Set<unknown>();

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-staged-'));
    staging = await createStaging(dir, () => undefined);
    server = await serve((request, response) => {
      connections.add(request.socket);
      response.writeHead(200, { 'content-length': CONTENT.length }).end(CONTENT);
    });
  });
  afterAll(async () => {
    agent.destroy();
    server.close();
    await staging.close();
    await rm(dir, { recursive: true });
  });

  const ask = () =>
    new Promise<IncomingMessage>((resolve, reject) =>
      get(server.baseUrl, { agent }, resolve).once('error', reject),
    );

  it('are kept whole, and leave their connection to the next ones', async () => {
    for (let round = 0; round < 5; round += 1) {
      const expected = { bytes: CONTENT.length, most: CONTENT.length };
      expect(await staging.keep('run', await ask(), expected)).toBe(CONTENT.length);
      await (await staging.take('run'))?.close();
    }
    expect(connections.size).toBe(1);
  });

  it('are kept up to the bound, though ending them is an error of their stream', async () => {
    const body = await ask();
    expect(await staging.keep('run', body, { bytes: CONTENT.length, most: 1_000 })).toBe(1_000);
    expect(body.destroyed).toBe(true);
  });
});
