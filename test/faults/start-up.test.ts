import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/dev/embedded-postgres.ts';
import { type EmbeddedTemporal, startEmbeddedTemporal } from '../../src/dev/embedded-temporal.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { createTestClient, type TestClient } from '../support/client.ts';
import { cloneDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Program, startProgram } from '../support/stack.ts';

describe('processes that start before the servers they need', () => {
  const programs: Program[] = [];
  const servers: { stop(): Promise<void> }[] = [];
  let dir: string;
  let postgresHome: string;
  let port: number;
  let postgresPort: number;
  let temporalPort: number;
  let env: Record<string, string>;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-start-'));
    [port, postgresPort, temporalPort] = [await freePort(), await freePort(), await freePort()];
    // The password of an embedded Postgres is known once its cluster exists.
    const made = await startPostgres();
    await made.stop();
    postgresHome = made.dataDir;
    env = {
      DATABASE_URL: made.url,
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
      AUTH: 'disabled',
      SECRETS_KEY: Buffer.alloc(32, 'test').toString('base64'),
      PORT: String(port),
    };
  });
  afterAll(async () => {
    for (const program of programs) program.signal('SIGKILL');
    await Promise.all(programs.map((program) => program.ended()));
    await Promise.all(servers.map((server) => server.stop()));
    await rm(postgresHome, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
  });

  async function startPostgres(): Promise<EmbeddedPostgres> {
    const dataDir = join(dir, 'postgres');
    const postgres = await startEmbeddedPostgres({ dataDir, port: postgresPort, log: () => undefined });
    servers.push(postgres);
    return postgres;
  }

  async function startTemporal(): Promise<EmbeddedTemporal> {
    const temporal = await startEmbeddedTemporal({
      cliPath: inject('temporalCli'),
      dataDir: join(dir, 'temporal'),
      port: temporalPort,
      uiPort: await freePort(),
      namespace: 'default',
      log: () => undefined,
    });
    servers.push(temporal);
    return temporal;
  }

  function start(name: 'api' | 'worker' | 'migrate', more: Record<string, string> = {}): Program {
    const program = startProgram(name, { ...env, ...more });
    programs.push(program);
    return program;
  }

  /** The log lines of a process that tell what it waits for. */
  const waits = (program: Program) =>
    program
      .output()
      .split('\n')
      .filter((line) => line.includes('"waiting for '))
      .map((line) => JSON.parse(line) as { address: string; reason: string; msg: string });

  async function expectRefusal(client: TestClient): Promise<void> {
    const refused = await client.call('POST', '/assets/image/', {
      assetPath: { location: 'local', path: './assets/rocket.jpg' },
    });
    expect([refused.status, refused.headers.get('content-type'), refused.headers.get('retry-after')]).toEqual(
      [503, 'application/problem+json', '2'],
    );
    expect(await refused.json()).toMatchObject({ type: 'urn:validatr:error:database_unavailable' });
  }

  it('say what they wait for, accept nothing meanwhile, and go on by themselves', async () => {
    const client = createTestClient(`http://127.0.0.1:${port}`);
    const [api, worker] = [start('api'), start('worker')];
    const address = `127.0.0.1:${postgresPort}`;
    await eventually(() => waits(worker).length >= 2 && waits(api).length > 0, { what: 'the log lines' });
    expect(waits(api)[0]).toMatchObject({
      address,
      reason: 'nothing listens there',
      msg: 'waiting for Postgres',
    });
    expect(new Set(waits(worker).map(({ msg }) => msg))).toEqual(
      new Set(['waiting for Postgres', 'waiting for Temporal']),
    );

    expect(waits(worker).find(({ msg }) => msg === 'waiting for Temporal')).toMatchObject({
      address: env['TEMPORAL_ADDRESS'],
      reason: 'nothing listens there',
    });

    await expectRefusal(client);
    const readyz = await client.call('GET', '/readyz');
    expect(readyz.status).toBe(503);
    expect(await readyz.json()).toMatchObject({
      checks: { postgres: 'unavailable', temporal: 'unavailable', worker: 'unavailable', storage: 'ok' },
    });
    expect((await client.call('GET', '/startupz')).status).toBe(503);

    const elsewhere = start('migrate', {
      DATABASE_URL: (env['DATABASE_URL'] ?? '').replace(/\w+$/, 'postgres'),
    });
    await eventually(() => waits(elsewhere).length > 0, { what: 'a waiting migration' });
    await startPostgres();
    expect(await elsewhere.ended()).toBe(0);
    for (const program of [api, worker]) {
      await eventually(() => waits(program).some(({ reason }) => reason.includes('schema')), {
        what: 'a process that waits for the schema',
      });
    }
    await expectRefusal(client);

    expect(await start('migrate').ended()).toBe(0);
    const id = await eventually(() => client.submit('./assets/rocket.jpg').catch(() => undefined), {
      what: 'an accepted asset',
    });
    await eventually(() => api.output().includes('Temporal is not usable yet'), { what: 'the warning' });
    expect(api.output()).not.toContain('"Temporal is usable"');
    expect((await client.call('GET', '/readyz')).status).toBe(200);
    expect((await client.call('GET', '/startupz')).status).toBe(503);
    await startTemporal();
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
    await eventually(() => api.output().includes('"Temporal is usable"'), { what: 'the all-clear' });
    expect(api.output().split('Temporal is not usable yet')).toHaveLength(2);
    await eventually(async () => (await client.call('GET', '/startupz')).ok, { what: 'the whole system' });

    const password = new URL(env['DATABASE_URL'] ?? '').password;
    for (const program of programs) expect(program.output()).not.toContain(password);
  });

  it('end at once if waiting does not help: a wrong password, an unknown database', async () => {
    const wrongPassword = new URL(env['DATABASE_URL'] ?? '');
    wrongPassword.password = 'hunter2';
    const refused = start('migrate', { DATABASE_URL: wrongPassword.href });
    expect(await refused.ended()).toBe(2);
    expect(JSON.parse(refused.output())).toMatchObject({
      level: 60,
      process: 'migrate',
      msg: `Postgres at 127.0.0.1:${postgresPort}: it refuses the password.`,
    });
    const unknown = start('migrate', {
      DATABASE_URL: (env['DATABASE_URL'] ?? '').replace(/\w+$/, 'nowhere'),
    });
    expect(await unknown.ended()).toBe(2);
    expect(unknown.output()).toContain('it has no database of this name');
  });

  it('create the Temporal namespace that is missing, with the documented retention', async () => {
    const database = await cloneDatabase();
    const address = inject('temporalAddress');
    const namespace = `late-${Date.now()}`;
    const worker = start('worker', {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
    });
    await eventually(() => waits(worker).length > 0, { what: 'a waiting worker' });
    expect(waits(worker)[0]).toMatchObject({
      address,
      namespace,
      reason: 'it does not have this namespace, so it is being created',
    });
    await eventually(async () => (await database.query('SELECT 1 FROM workers')).length === 1, {
      what: 'the worker',
    });
    const describe = ['operator', 'namespace', 'describe', '--namespace', namespace, '--address', address];
    expect(execFileSync(inject('temporalCli'), [...describe, '-o', 'json'], { encoding: 'utf8' })).toContain(
      '"workflowExecutionRetentionTtl": "604800s"',
    );
    worker.signal('SIGTERM');
    expect(await worker.ended()).toBe(0);
    await database.drop();
  });

  it.each(['api', 'worker'] as const)(
    'do not run on a Postgres that may lose what was accepted: %s',
    async (name) => {
      const database = await cloneDatabase();
      const [row] = await database.query<{ name: string }>('SELECT current_database() AS name');
      await database.query(`ALTER DATABASE ${row?.name} SET synchronous_commit = off`);
      const program = start(name, {
        DATABASE_URL: database.url,
        PORT: String(await freePort()),
        TEMPORAL_ADDRESS: inject('temporalAddress'),
      });
      expect(await program.ended()).toBe(2);
      expect(program.output()).toMatch(/synchronous_commit is off\..*loses.*Set synchronous_commit = on/);
      await database.drop();
    },
  );

  it.each(['api', 'worker'] as const)('do not start without their asset roots: %s', async (name) => {
    const root = join(dir, 'not-mounted');
    const program = start(name, { ASSET_ROOTS: `assets:${root}` });
    expect(await program.ended()).toBe(1);
    expect(JSON.parse(program.output())).toMatchObject({
      level: 60,
      process: name,
      msg: `The asset root ${root} is not there (ENOENT). Create or mount it, or correct ASSET_ROOTS.`,
    });
  });
});
