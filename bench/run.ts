import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../src/db/migrate.ts';
import { openDatabase } from '../src/db/orm.ts';
import { startEmbeddedPostgres } from '../src/dev/embedded-postgres.ts';
import { startEmbeddedTemporal } from '../src/dev/embedded-temporal.ts';
import { findTemporalCli } from '../src/dev/temporal-cli.ts';
import { freePort } from '../src/dev/free-port.ts';
import { measureAccept } from './accept.ts';
import { measureIdle } from './idle.ts';
import { waitUntil } from './load.ts';
import { measurePipeline } from './pipeline.ts';

/**
 * `npm run bench`: the embedded stack in a directory of its own (Temporal on its file database), API and worker as
 * processes, load from this one, all on the same cores. Progress goes to standard error, one JSON document to standard
 * output. Absolute times say something of this machine on this day only: compare what one run prints.
 */
const say = (line: string) => process.stderr.write(`${line}\n`);
const silent = () => undefined;

const dir = await mkdtemp(join(tmpdir(), 'validatr-bench-'));
const programs: ChildProcess[] = [];
const cliPath = await findTemporalCli({ log: say });
const postgres = await startEmbeddedPostgres({
  dataDir: join(dir, 'postgres'),
  port: await freePort(),
  log: silent,
});
const temporal = await startEmbeddedTemporal({
  cliPath,
  dataDir: join(dir, 'temporal'),
  port: await freePort(),
  uiPort: await freePort(),
  namespace: 'default',
  log: silent,
});

try {
  const orm = await openDatabase({ url: postgres.url, poolMax: 1 });
  await migrate(orm);
  await orm.close();

  const port = String(await freePort());
  const target = { baseUrl: `http://127.0.0.1:${port}`, databaseUrl: postgres.url };
  const env = {
    DATABASE_URL: postgres.url,
    TEMPORAL_ADDRESS: temporal.address,
    AUTH: 'disabled',
    PORT: port,
    LOG_LEVEL: 'warn',
    DRAIN_DELAY_S: '0',
    READYZ_REQUIRES_WORKER: 'yes',
  };

  const api = start('api', env);
  const worker = start('worker', env);
  await isReady(target.baseUrl);
  say('idle, one asset after the other …');
  const idle = await measureIdle(target);
  say('pipeline under load …');
  const pipeline = await measurePipeline(target);
  const usage = await residentMiB(worker);
  await Promise.all([stop(worker), stop(api)]);

  // Last, for it leaves a hundred thousand rows that nobody validates.
  say('accepting alone, dispatcher off …');
  start('api', { ...env, DISPATCHER: 'off', READYZ_REQUIRES_WORKER: 'no' });
  await isReady(target.baseUrl);
  const accept = await measureAccept(target);

  const machine = {
    cores: cpus().length,
    model: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  process.stdout.write(
    `${JSON.stringify({ machine, accept, idle, pipeline: { ...pipeline, workerResidentMiB: usage } }, null, 2)}\n`,
  );
} finally {
  await Promise.all(programs.map(stop));
  await Promise.all([temporal.stop(), postgres.stop()]);
  await rm(dir, { recursive: true, force: true });
}

function start(name: 'api' | 'worker', env: Record<string, string>): ChildProcess {
  const flags = name === 'worker' ? ['--import', './src/bin/lean-sandbox.ts'] : [];
  const program = spawn(process.execPath, [...flags, `src/bin/${name}.ts`], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  programs.push(program);
  return program;
}

async function stop(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  program.kill('SIGTERM');
  await once(program, 'exit');
}

async function isReady(baseUrl: string): Promise<void> {
  const probe = () =>
    fetch(`${baseUrl}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
  await waitUntil(probe, 100, 60_000);
}

/** Resident memory of a process in MiB, where the system tells (Linux). */
async function residentMiB({ pid }: ChildProcess): Promise<number | null> {
  const ps = spawn('ps', ['-o', 'rss=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  ps.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(ps, 'close');
  return text.trim() === '' ? null : Math.round(Number(text) / 1024);
}
