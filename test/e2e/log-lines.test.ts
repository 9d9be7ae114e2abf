import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createTestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type TestReceiver } from '../support/receiver.ts';
import { type Program, type Stack, startProgram, startStack } from '../support/stack.ts';

/** Preloaded into a program: does something as soon as the program listens to the event. */
const preload = (event: string, code: string) => {
  const script = `process.on('newListener', (event) => { if (event === '${event}') setImmediate(() => { ${code} }); });`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
};

/** A way to Temporal that can be cut. */
async function startWire(): Promise<{ address: string; cut(): void }> {
  const [host = '', port = ''] = inject('temporalAddress').split(':');
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(Number(port), host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined).pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

type Line = Readonly<Record<string, unknown>>;

/** All complete lines of standard output and error. Each must be JSON. */
function linesOf(program: Program): Line[] {
  const lines = program.output().split('\n').slice(0, -1);
  return lines.map((line) => {
    expect(line).toMatch(/^\{.*\}$/);
    return JSON.parse(line) as Line;
  });
}

describe('the log of a stack', () => {
  let stack: Stack;
  let receiver: TestReceiver;

  beforeAll(async () => {
    stack = await startStack(preload('warning', `process.emitWarning('made by a test')`));
    receiver = await startReceiver((_event, res) => {
      res.statusCode = 500;
      res.end();
    });
  });
  afterAll(async () => {
    await receiver?.close();
    await stack?.stop();
  });

  /** The lines of the worker with this message about something. */
  const worker = (msg: string, about: Line) =>
    linesOf(stack.worker).filter(
      (line) => line['msg'] === msg && Object.entries(about).every(([key, value]) => line[key] === value),
    );

  it('has one line for each verdict', async () => {
    const client = createTestClient(stack.baseUrl);
    const assetPath = { location: 'http', url: 'http://10.0.0.1/not-for-the-log.jpg?token=secret' };
    const named = { assetPath, externalId: 'mine-1' };
    const ids = [
      await client.submit('./assets/rocket.jpg'),
      await client.submit('./assets/none.jpg'),
      ((await (await client.call('POST', '/assets/image/', named)).json()) as { id: string }).id,
    ] as const;
    for (const id of ids) await client.verdict(id);
    const [good, missing, forbidden] = await eventually(() => {
      const found = ids.map((assetId) => worker('verdict', { assetId }));
      return found.every((lines) => lines.length > 0) && found;
    });
    const common = { level: 30, attempt: 1, policy: 'default@1', durationMs: expect.any(Number) as number };
    const path = './assets/rocket.jpg';
    expect(good).toMatchObject([{ ...common, path, state: 'complete', codes: [] }]);
    expect(good?.[0]).not.toHaveProperty('externalId');
    expect(forbidden).toMatchObject([
      { ...common, path: 'http://10.0.0.1/…', externalId: 'mine-1', cause: 'address_forbidden' },
    ]);
    expect(stack.worker.output()).not.toContain('not-for-the-log');
    expect(missing).toMatchObject([
      { ...common, state: 'failed', codes: ['asset_not_reachable'], cause: 'not_found' },
    ]);
  });

  it('has one line for each failed webhook, without the path of its URL', async () => {
    const client = createTestClient(stack.baseUrl);
    const url = `${receiver.url}/not-for-the-log`;
    await client.verdict(await client.submit('./assets/rocket.jpg', { onSuccess: url }));
    const [line] = await eventually(() => {
      const found = worker('webhook failed', { receiver: `${receiver.url}/…` });
      return found.length > 0 && found;
    });
    expect(line).toMatchObject({ level: 30, status: 500, error: 'http_500', try: 1 });
    expect(stack.worker.output()).not.toContain('not-for-the-log');
  });

  it('has JSON lines only, also for warnings of Node and of the native part of Temporal', async () => {
    for (const program of [stack.api, stack.worker])
      await eventually(() => linesOf(program).some(({ msg }) => msg === 'made by a test'));
    const wire = await startWire();
    const lost = startProgram('worker', { ...stack.env, TEMPORAL_ADDRESS: wire.address });
    await eventually(() => linesOf(lost).some(({ msg }) => msg === 'polling'));
    wire.cut();
    await eventually(() =>
      linesOf(lost).some(({ source, sdkComponent }) => source === 'temporal' && sdkComponent === 'core'),
    );
    for (const program of [lost, stack.worker, stack.api]) {
      program.signal('SIGKILL');
      await program.ended();
      linesOf(program);
    }
  });

  it.each(['api', 'worker', 'migrate'] as const)(
    'ends with a JSON line if nobody catches an error: %s',
    async (name) => {
      const failing = preload('uncaughtException', `throw new Error('made by a test')`);
      const program = startProgram(name, { ...stack.env, ...failing });
      expect(await program.ended()).toBe(1);
      expect(linesOf(program).at(-1)).toMatchObject({
        level: 60,
        process: name,
        err: { message: 'made by a test', stack: expect.stringContaining('made by a test') as string },
      });
    },
  );

  it.each(['api', 'worker', 'migrate'] as const)(
    'says in a JSON line which setting is wrong: %s',
    async (name) => {
      const program = startProgram(name, { ...stack.env, PORT: 'eighty' });
      expect(await program.ended()).toBe(2);
      const [line, ...others] = linesOf(program);
      expect(others).toEqual([]);
      expect(line?.['msg']).toContain('PORT must be a number');
    },
  );
});
