import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DefaultLogger } from '@temporalio/worker';
import { bundleWorkflows } from '../../src/process/workflow-bundle.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/orm.ts';
import { startEmbeddedPostgres } from '../../src/dev/embedded-postgres.ts';
import { startEmbeddedTemporal } from '../../src/dev/embedded-temporal.ts';
import { isPortFree } from '../../src/dev/free-port.ts';
import { NODE_FLAGS } from '../../src/dev/node-flags.ts';
import { type Program, startProgram, type Track } from '../../src/dev/program.ts';
import { eventually } from '../support/eventually.ts';
import { type KeptProgram, keepRunning } from './keep-running.ts';
import type { Log } from './log.ts';
import type { Target } from './plan.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

export interface FaultStack {
  readonly baseUrl: string;
  readonly databaseUrl: string;
  readonly programs: Readonly<Record<Target, KeptProgram>>;
  /** Standard output of `npm run cli -- …`. */
  cli(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/**
 * The whole stack on ports of its own, each program a process that is started again when it ends. What API and worker
 * print goes to `outputFile`.
 */
export async function startFaultStack(
  cliPath: string,
  log: Log,
  outputFile: string,
  extraEnv: Record<string, string>,
): Promise<FaultStack> {
  const dir = await mkdtemp(join(tmpdir(), 'validatr-faults-'));
  const output = createWriteStream(outputFile);
  const kept: Partial<Record<Target, KeptProgram>> = {};
  const started = new Set<Program>();
  // Whatever ends the runner ends them too; a handler of `exit` can't wait.
  const killAll = () => {
    for (const program of started) program.process.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', killAll);

  async function stop(): Promise<void> {
    // What depends on another is stopped before it.
    for (const target of ['api', 'worker', 'temporal', 'postgres'] as const) await kept[target]?.stop();
    process.off('exit', killAll);
    output.end();
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }

  async function keep(target: Target, start: (track: Track) => Promise<unknown>, stopSignal: NodeJS.Signals) {
    kept[target] = await keepRunning({
      start: (track) =>
        start(async (program) => {
          started.add(program);
          await track(program);
        }),
      stopSignal,
      onStarted: () => log.add({ type: 'program_started', program: target }),
      onEnded: (how) => log.add({ type: 'program_ended', program: target, ...how }),
    });
  }

  const onLine = (target: Target) => (line: string) =>
    void output.write(`${new Date().toISOString()} ${target.padEnd(8)} | ${line}\n`);

  try {
    const [port, postgresPort, temporalPort, uiPort] = await fixedPorts();
    let databaseUrl = '';
    await keep(
      'postgres',
      async (track) => {
        const dataDir = join(dir, 'postgres');
        const postgres = await startEmbeddedPostgres({
          dataDir,
          port: postgresPort,
          log: onLine('postgres'),
          track,
        });
        databaseUrl = postgres.url;
      },
      'SIGINT',
    );
    await keep(
      'temporal',
      (track) =>
        startEmbeddedTemporal({
          cliPath,
          dataDir: join(dir, 'temporal'),
          port: temporalPort,
          uiPort,
          namespace: 'default',
          log: onLine('temporal'),
          track,
        }),
      'SIGKILL',
    );

    const orm = await openDatabase({ url: databaseUrl, poolMax: 1 });
    await migrate(orm);
    await orm.close();
    const bundle = join(dir, 'workflow-bundle.js');
    await writeFile(bundle, (await bundleWorkflows(new DefaultLogger('WARN'))).code);

    const env = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
      AUTH: 'disabled',
      EGRESS_ALLOW: '127.0.0.0/8',
      PORT: String(port),
      LOG_LEVEL: 'warn',
      READYZ_REQUIRES_WORKER: 'yes',
      WORKFLOW_BUNDLE: bundle,
      SECRETS_KEY: randomBytes(32).toString('base64'),
      ...extraEnv,
    };
    const node = (target: Target, ...args: string[]) =>
      keep(
        target,
        (track) =>
          startProgram({ command: process.execPath, args, env, cwd: ROOT, onLine: onLine(target), track }),
        'SIGKILL',
      );
    await Promise.all([
      node('api', ...NODE_FLAGS.api, 'src/bin/api.ts'),
      node('worker', ...NODE_FLAGS.worker, 'src/bin/worker.ts'),
    ]);
    const baseUrl = `http://127.0.0.1:${port}`;
    const isReady = () =>
      fetch(`${baseUrl}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    await eventually(isReady, { timeoutMs: 60_000, everyMs: 100, what: 'readiness' });
    return {
      baseUrl,
      databaseUrl,
      programs: kept as Record<Target, KeptProgram>,
      async cli(...args) {
        const { stdout } = await run(process.execPath, ['src/bin/cli.ts', ...args], { cwd: ROOT, env });
        return stdout;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Free ports below the range that systems take the ports of outgoing connections from: those could be gone while a
 * program is being restarted.
 */
async function fixedPorts(): Promise<[number, number, number, number]> {
  const ports: number[] = [];
  while (ports.length < 4) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!ports.includes(port) && (await isPortFree(port, '127.0.0.1'))) ports.push(port);
  }
  return ports as [number, number, number, number];
}
