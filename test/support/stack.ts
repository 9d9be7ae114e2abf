import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { hostname } from 'node:os';
import { inject } from 'vitest';
import { freePort } from '../../src/dev/free-port.ts';
import { loopbackEnvironment, ourProgram } from '../../src/dev/our-programs.ts';
import { cloneDatabase, type TestDatabase } from './database.ts';
import { eventually } from './eventually.ts';
import { endAtLast } from './left-over.ts';
import { createNamespace, type TemporalCli } from './namespace.ts';

/** A program of ours as a real process. */
export interface Program {
  readonly process: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Waits for the end. Resolves with the exit code. */
  ended(): Promise<number | null>;
}

export function startProgram(
  name: 'api' | 'worker' | 'migrate',
  env: Record<string, string>,
  /** A command that runs the program. */
  within: readonly string[] = [],
): Program {
  const { command, args, cwd } = ourProgram(name);
  const [first = '', ...rest] = [...within, command, ...args];
  const child = spawn(first, rest, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const keep = process.env['TEST_LOGS'];
  const file = keep === undefined ? null : createWriteStream(`${keep}/${name}-${child.pid}.log`);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-200_000);
      file?.write(chunk);
    });
  }
  const program: Program = {
    process: child,
    output: () => output,
    signal: (signal) => void child.kill(signal),
    async ended() {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
  const takeBack = endAtLast(() => {
    program.signal('SIGKILL');
    return program.ended();
  });
  child.once('exit', takeBack);
  return program;
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
  readonly temporal: TemporalCli;
  stop(): Promise<void>;
}

export async function startStack(
  extraEnv: Record<string, string> = {},
  ownDatabase?: TestDatabase,
): Promise<Stack> {
  const database = ownDatabase ?? (await cloneDatabase());
  const address = extraEnv['TEMPORAL_ADDRESS'] ?? inject('temporalAddress');
  const { namespace, temporal } = await createNamespace(address);
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const env = {
    ...loopbackEnvironment({ databaseUrl: database.url, temporalAddress: address, port }),
    TEMPORAL_NAMESPACE: namespace,
    WORKFLOW_BUNDLE: inject('workflowBundle'),
    ...extraEnv,
  };

  const started: Program[] = [];
  const stack: Stack = {
    baseUrl,
    database,
    namespace,
    env,
    temporal,
    // Both are set below, before any caller sees the stack.
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
  try {
    await Promise.all([stack.startApi(), stack.startWorker()]);
    await isReady(stack.api, () => isOk(`${baseUrl}/startupz`));
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
    { what: 'the program' },
  );
}

async function isOk(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}
