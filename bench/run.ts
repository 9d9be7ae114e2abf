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
import { NODE_FLAGS } from '../src/dev/node-flags.ts';
import { measureAccept } from './accept.ts';
import { measureBacklog } from './backlog.ts';
import { measureIdle } from './idle.ts';
import { waitUntil } from './load.ts';
import { measurePipeline } from './pipeline.ts';
import { measurePolicies } from './policies.ts';
import { measureQuality } from './quality.ts';
import { measureReceivers } from './receivers.ts';

/**
 * `npm run bench [-- question …]`: the embedded stack in a directory of its own (Temporal on its file database), API and
 * worker as processes, load from this one, all on the same cores. Progress goes to standard error, one JSON document to
 * standard output. Absolute times say something of this machine on this day only: compare what one run prints.
 */
const QUESTIONS = {
  idle: 'one asset after the other, nothing else to do',
  pipeline: 'assets a second under load, and how long accepting takes meanwhile',
  accept: 'accepting alone, dispatcher off',
  policies: 'the same under policies: the rules of the contract, and all quality checks',
  quality: 'all quality checks on the same files, here and by CleanVision',
  receivers: 'what a receiver that hangs costs the others',
  backlog: '20,000 assets accepted while no worker runs, then worked off: memory',
} as const;
type Question = keyof typeof QUESTIONS;
const BY_DEFAULT: readonly Question[] = ['idle', 'pipeline', 'accept'];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in QUESTIONS));
if (unknown.length > 0) {
  process.stderr.write(`npm run bench [-- question …], by default ${BY_DEFAULT.join(' ')}\n`);
  for (const [name, text] of Object.entries(QUESTIONS))
    process.stderr.write(`  ${name.padEnd(10)} ${text}\n`);
  process.exit(asked.includes('--help') ? 0 : 2);
}
const questions = new Set<string>(asked.length === 0 ? BY_DEFAULT : asked);

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
    EGRESS_ALLOW: '127.0.0.0/8',
    SECRETS_KEY: Buffer.alloc(32).toString('base64'),
    PORT: port,
    LOG_LEVEL: 'warn',
    DRAIN_DELAY_S: '0',
    READYZ_REQUIRES_WORKER: 'yes',
  };

  const answers: Record<string, unknown> = {};
  async function ask(name: Question, measure: () => Promise<unknown>): Promise<void> {
    if (!questions.has(name)) return;
    say(`${QUESTIONS[name]} …`);
    answers[name] = await measure();
  }

  await ask('quality', measureQuality);
  if (['idle', 'pipeline', 'policies', 'receivers'].some((name) => questions.has(name))) {
    const [api, worker] = [start('api', env), start('worker', env)];
    await isReady(target.baseUrl);
    await ask('idle', () => measureIdle(target));
    await ask('pipeline', async () => ({
      ...(await measurePipeline(target)),
      workerResidentMiB: await residentMiB(worker),
    }));
    await ask('policies', () => measurePolicies(target));
    await ask('receivers', () => measureReceivers(target));
    await Promise.all([stop(worker), stop(api)]);
  }
  const alone = { ...env, READYZ_REQUIRES_WORKER: 'no' };
  await ask('backlog', async () => {
    const api = start('api', alone);
    await isReady(target.baseUrl);
    const startWorker = () => {
      const worker = start('worker', env);
      return Promise.resolve(() => residentMiB(worker));
    };
    const result = await measureBacklog(target, { apiMiB: () => residentMiB(api), startWorker }, say);
    await Promise.all(programs.map(stop));
    return result;
  });
  // Last, for it leaves a hundred thousand rows that nobody validates.
  await ask('accept', async () => {
    start('api', { ...alone, DISPATCHER: 'off' });
    await isReady(target.baseUrl);
    return measureAccept(target);
  });

  const machine = {
    cores: cpus().length,
    model: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  process.stdout.write(`${JSON.stringify({ machine, ...answers }, null, 2)}\n`);
} finally {
  await Promise.all(programs.map(stop));
  await Promise.all([temporal.stop(), postgres.stop()]);
  await rm(dir, { recursive: true, force: true });
}

function start(name: 'api' | 'worker', env: Record<string, string>): ChildProcess {
  const program = spawn(process.execPath, [...NODE_FLAGS[name], `src/bin/${name}.ts`], {
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

/** Resident memory of a process in MiB. */
async function residentMiB({ pid }: ChildProcess): Promise<number> {
  const ps = spawn('ps', ['-o', 'rss=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  ps.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(ps, 'close');
  return Math.round(Number(text) / 1024);
}
