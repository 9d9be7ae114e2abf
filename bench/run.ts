import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus, totalmem } from 'node:os';
import { startServers } from '../src/dev/embedded-stack.ts';
import { freePort } from '../src/dev/free-port.ts';
import {
  loopbackEnvironment,
  migrateDatabase,
  ourProgram,
  waitUntilServing,
} from '../src/dev/our-programs.ts';
import { measureAccept } from './accept.ts';
import { measureBacklog } from './backlog.ts';
import { measureIdle } from './idle.ts';
import { measurePipeline } from './pipeline.ts';
import { measurePolicies } from './policies.ts';
import { measureQuality } from './quality.ts';
import { measureReceivers } from './receivers.ts';

/**
 * `npm run bench [-- question …]` starts the embedded stack in a directory of its own (Temporal on its file database). API and
 * worker run as processes, and this process makes the load, all on the same cores. Progress goes to standard error, one JSON
 * document to standard output. Absolute times depend on the machine and the day, so compare figures of one run only.
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

const programs: ChildProcess[] = [];
const servers = await startServers({ log: say });

try {
  const { databaseUrl, temporalAddress } = servers;
  await migrateDatabase({ env: { ...process.env, DATABASE_URL: databaseUrl } });

  const port = await freePort();
  const target = { baseUrl: `http://127.0.0.1:${port}`, databaseUrl };
  const env = {
    ...loopbackEnvironment({ databaseUrl, temporalAddress, port }),
    LOG_LEVEL: 'warn',
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
    await waitUntilServing(target.baseUrl);
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
    await waitUntilServing(target.baseUrl);
    const startWorker = () => {
      const worker = start('worker', env);
      return Promise.resolve(() => residentMiB(worker));
    };
    const result = await measureBacklog(target, { apiMiB: () => residentMiB(api), startWorker }, say);
    await Promise.all(programs.map(stop));
    return result;
  });
  // Last, because it leaves a hundred thousand rows that no worker validates.
  await ask('accept', async () => {
    start('api', { ...alone, DISPATCHER: 'off' });
    await waitUntilServing(target.baseUrl);
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
  await servers.stop();
}

function start(name: 'api' | 'worker', env: Record<string, string>): ChildProcess {
  const { command, args, cwd } = ourProgram(name);
  const program = spawn(command, args, {
    cwd,
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

/** Resident memory of a process in MiB. */
async function residentMiB({ pid }: ChildProcess): Promise<number> {
  const ps = spawn('ps', ['-o', 'rss=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  ps.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(ps, 'close');
  return Math.round(Number(text) / 1024);
}
