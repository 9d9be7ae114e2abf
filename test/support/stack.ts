import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { freePort } from '../../src/dev/free-port.ts';
import { NODE_FLAGS } from '../../src/dev/node-flags.ts';
import { cloneDatabase, type TestDatabase } from './database.ts';
import { eventually } from './eventually.ts';

const run = promisify(execFile);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A program of ours as a real process. */
export interface Program {
  readonly process: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Waits for the end; gives the exit code. */
  ended(): Promise<number | null>;
}

export function startProgram(name: 'api' | 'worker' | 'migrate', env: Record<string, string>): Program {
  const child = spawn(
    process.execPath,
    [...(name === 'migrate' ? [] : NODE_FLAGS[name]), `src/bin/${name}.ts`],
    {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const keep = process.env['TEST_LOGS'];
  const file = keep === undefined ? null : createWriteStream(`${keep}/${name}-${child.pid}.log`);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-200_000);
      file?.write(chunk);
    });
  }
  return {
    process: child,
    output: () => output,
    signal: (signal) => void child.kill(signal),
    async ended() {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

/** The stack as it runs in production: API and worker processes over a database and a namespace of their own. */
export interface Stack {
  readonly baseUrl: string;
  readonly database: TestDatabase;
  readonly namespace: string;
  readonly env: Record<string, string>;
  api: Program;
  worker: Program;
  startApi(env?: Record<string, string>): Promise<Program>;
  startWorker(env?: Record<string, string>): Promise<Program>;
  /** The Temporal CLI on this stack's namespace. */
  temporal(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

let stacks = 0;

export async function startStack(
  extraEnv: Record<string, string> = {},
  ownDatabase?: TestDatabase,
): Promise<Stack> {
  const database = ownDatabase ?? (await cloneDatabase());
  const address = extraEnv['TEMPORAL_ADDRESS'] ?? inject('temporalAddress');
  stacks += 1;
  const namespace = `test-${process.pid}-${Date.now()}-${stacks}`;
  const temporal = async (...args: string[]) => {
    const { stdout } = await run(inject('temporalCli'), [
      ...args,
      '--address',
      address,
      '--namespace',
      namespace,
    ]);
    return stdout;
  };
  await temporal('operator', 'namespace', 'create', '--retention', '1d');
  const port = String(await freePort());
  const baseUrl = `http://127.0.0.1:${port}`;
  const env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    AUTH: 'disabled',
    EGRESS_ALLOW: '127.0.0.0/8',
    SECRETS_KEY: Buffer.alloc(32, 'test').toString('base64'),
    PORT: port,
    DRAIN_DELAY_S: '0',
    ...extraEnv,
  };

  const started: Program[] = [];
  const stack: Stack = {
    baseUrl,
    database,
    namespace,
    env,
    temporal,
    // Replaced below, before anyone sees the stack.
    api: undefined as never,
    worker: undefined as never,
    async startApi(more = {}) {
      const api = startProgram('api', { ...env, ...more });
      stack.api = api;
      started.push(api);
      await isReady(api, () => isOk(`http://127.0.0.1:${more['PORT'] ?? port}/readyz`));
      return api;
    },
    async startWorker(more = {}) {
      stack.worker = startProgram('worker', { ...env, ...more });
      const { worker } = stack;
      started.push(worker);
      const workerId = `${hostname()}:${worker.process.pid}`;
      await isReady(
        worker,
        async () => (await database.query('SELECT 1 FROM workers WHERE id = ?', [workerId])).length > 0,
      );
      return worker;
    },
    async stop() {
      for (const program of started) program.signal('SIGKILL');
      await Promise.all(started.map((program) => program.ended()));
      await database.drop();
    },
  };
  // A namespace is known to all parts of the server only after its cache has been refreshed.
  await eventually(
    () =>
      temporal('workflow', 'list').then(
        () => true,
        () => false,
      ),
    { what: 'the namespace' },
  );
  try {
    await Promise.all([stack.startApi(), stack.startWorker()]);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  return stack;
}

async function isReady(program: Program, probe: () => Promise<boolean> | boolean): Promise<void> {
  await eventually(
    () => {
      if (program.process.exitCode !== null) throw new Error(`It ended at start:\n${program.output()}`);
      return probe();
    },
    { timeoutMs: 40_000, what: 'the program' },
  );
}

async function isOk(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}
