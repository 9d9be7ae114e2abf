import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, readConfig } from '../config.ts';
import { startEmbeddedPostgres } from '../dev/embedded-postgres.ts';
import { startEmbeddedTemporal } from '../dev/embedded-temporal.ts';
import { isPortFree } from '../dev/free-port.ts';
import { type RememberedGroup, rememberGroups, stopLeftovers } from '../dev/leftovers.ts';
import { takeLock } from '../dev/lock.ts';
import { NODE_FLAGS } from '../dev/node-flags.ts';
import { ownSecretsKey, rememberStack } from '../dev/stack-file.ts';
import { type Program, signalGroup, startProgram } from '../dev/program.ts';
import { supervise } from '../dev/supervise.ts';
import { findTemporalCli } from '../dev/temporal-cli.ts';
import { checkAuthSetting, isLoopback, onStopSignal, runProgram } from '../process/program.ts';

const HELP = `npm run dev: the whole stack on this machine

Starts Postgres, Temporal with its Web UI, the API and a worker; Ctrl-C stops all of it. Data stay in .validatr/.

  PORT (8000), TEMPORAL_UI_PORT (8233), TEMPORAL_PORT (7233), POSTGRES_PORT (5433)
  DATABASE_URL       use this Postgres instead of an embedded one
  TEMPORAL_ADDRESS   use this Temporal server instead of an embedded one
  LOG_LEVEL          of API and worker; "warn" here, "info" shows every request

All variables: .env-example`;

const DEV_EGRESS_ALLOW = '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16';

const READY_TIMEOUT_MS = 60_000;
/** It waits a minute for Postgres, and then says so itself. */
const MIGRATE_TIMEOUT_MS = 120_000;
/** API and worker drain for 25 s at most. */
const STOP_GRACE_MS = 30_000;

const say = (line: string) => process.stdout.write(`${line}\n`);

/** What has to be stopped, in the order of starting. */
const running: { readonly name: string; stop: () => Promise<void> }[] = [];
const groups: RememberedGroup[] = [];
let stopping = false;

await runProgram('dev', async () => {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help === true) {
    say(HELP);
    return;
  }
  const config = readConfig();
  const dataDir = resolve(config.VALIDATR_DATA_DIR);
  const groupsFile = join(dataDir, 'processes.json');
  const lockFile = join(dataDir, 'lock');

  await mkdir(dataDir, { recursive: true });
  const holder = await takeLock(lockFile, 'src/bin/dev.ts');
  if (holder !== null) {
    fail(
      `It runs already in ${dataDir} (process ${holder}). Stop that one, or set VALIDATR_DATA_DIR and other ports.`,
    );
  }
  const stop = async (code: number) => {
    if (stopping) return;
    stopping = true;
    if (running.length > 0) say('Stopping … (again: at once)');
    // Last started, first stopped; what has ended by itself is no work.
    for (const { stop: stopIt } of running.reverse()) await stopIt();
    await Promise.all([rm(groupsFile, { force: true }), rm(lockFile, { force: true })]);
    process.exit(code);
  };
  const stopNow = () => {
    for (const { pgid } of groups) signalGroup(pgid, 'SIGKILL');
    process.exit(1);
  };
  onStopSignal(() => void stop(0), stopNow, ['SIGINT', 'SIGTERM', 'SIGHUP']);

  try {
    // Before any server is started: it would only be stopped again.
    checkAuthSetting({ ...config, ...authDefault(config) });
    await stopLeftovers(groupsFile, say);
    await checkPorts(config);
    await mkdir(join(config.assetBase, 'assets'), { recursive: true });
    await startStack(config, dataDir, groupsFile, (reason) => {
      say(reason);
      void stop(1);
    });
  } catch (error) {
    // A signal during the start stops what it was waiting for; that failure is no news.
    if (!stopping) {
      say(error instanceof Error ? error.message : String(error));
      await stop(1);
    }
  }
});

async function startStack(
  config: Config,
  dataDir: string,
  groupsFile: string,
  onGiveUp: (reason: string) => void,
): Promise<void> {
  /** Remembers a program for our own stop, and in the file for the next start, should we be killed. */
  const track =
    (name: string, mark: string, signal: NodeJS.Signals = 'SIGTERM') =>
    async (program: Program) => {
      running.push({ name, stop: () => program.stop(signal, STOP_GRACE_MS) });
      if (stopping) await program.stop(signal, STOP_GRACE_MS);
      groups.push({ name, pgid: program.pid, mark });
      await rememberGroups(groupsFile, groups);
    };

  let { DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: temporalAddress } = config;
  let cliPath: string | null = null;
  if (databaseUrl === undefined) {
    say('Starting Postgres …');
    const postgres = await startEmbeddedPostgres({
      dataDir: join(dataDir, 'postgres'),
      port: config.POSTGRES_PORT,
      log: () => undefined,
      track: track('postgres', 'postgres', 'SIGINT'),
    });
    databaseUrl = postgres.url;
  }
  if (temporalAddress === undefined) {
    cliPath = await findTemporalCli({ log: say, track: track('fetching Temporal', 'temporal') });
    say('Starting Temporal …');
    const temporal = await startEmbeddedTemporal({
      cliPath,
      dataDir: join(dataDir, 'temporal'),
      port: config.TEMPORAL_PORT,
      uiPort: config.TEMPORAL_UI_PORT,
      namespace: config.TEMPORAL_NAMESPACE,
      log: () => undefined,
      track: track('temporal', 'server start-dev'),
    });
    temporalAddress = temporal.address;
  }

  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    ...(config.SECRETS_KEY === undefined && config.SECRETS_KEY_FILE === undefined
      ? { SECRETS_KEY: await ownSecretsKey(dataDir) }
      : {}),
    // Receivers are tried on this machine and on the network it is in; metadata services never.
    EGRESS_ALLOW: process.env['EGRESS_ALLOW'] || DEV_EGRESS_ALLOW,
    READYZ_REQUIRES_WORKER: 'yes',
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn',
    // No load balancer stands before it: Ctrl-C need not wait for one.
    DRAIN_DELAY_S: process.env['DRAIN_DELAY_S'] || '0',
    ...authDefault(config),
  };
  const stopGraceMs = Number(env.DRAIN_DELAY_S) * 1_000 + STOP_GRACE_MS;
  const node = (name: string, ...args: string[]) => ({
    name,
    command: process.execPath,
    args,
    env,
    onLine: (line: string) => say(`${name.padEnd(7)}| ${line}`),
    track: track(name, `src/bin/${name}.ts`),
  });

  await rememberStack(dataDir, env);

  say('Migrating the database …');
  const migration = await startProgram(node('migrate', 'src/bin/migrate.ts'));
  const timeout = setTimeout(() => void migration.stop('SIGTERM', 5_000), MIGRATE_TIMEOUT_MS);
  if ((await migration.ended) !== 0)
    throw new Error('The database could not be migrated: see the message above.');
  clearTimeout(timeout);

  say('Starting API and worker …');
  const worker = node('worker', ...NODE_FLAGS.worker, 'src/bin/worker.ts');
  const api = node('api', ...NODE_FLAGS.api, 'src/bin/api.ts');
  for (const program of [worker, api])
    running.push(await supervise(program, { stopGraceMs, log: say, onGiveUp }));

  const baseUrl = `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${config.PORT}`;
  await waitUntilServing(baseUrl);
  say(welcome(baseUrl, cliPath, config));
}

/** On loopback nobody else can reach the API: keys are asked for there only where somebody wants to try them. */
function authDefault({ AUTH, HOST }: Config): { AUTH?: 'disabled' } {
  return AUTH === undefined && isLoopback(HOST) ? { AUTH: 'disabled' } : {};
}

/** @throws with what is missing when the API has not become ready in time */
async function waitUntilServing(baseUrl: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`${baseUrl}/readyz`).catch(() => null);
    if (answer?.ok === true) return;
    if (Date.now() > deadline) {
      const why = answer === null ? 'The API does not answer.' : await answer.text();
      throw new Error(`Not ready within ${READY_TIMEOUT_MS / 1000} s: ${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function checkPorts(config: Config): Promise<void> {
  const needed = [
    { port: config.PORT, host: config.HOST, purpose: 'the API', variable: 'PORT' },
    ...(config.DATABASE_URL === undefined
      ? [{ port: config.POSTGRES_PORT, host: '127.0.0.1', purpose: 'Postgres', variable: 'POSTGRES_PORT' }]
      : []),
    ...(config.TEMPORAL_ADDRESS === undefined
      ? [
          { port: config.TEMPORAL_PORT, host: '127.0.0.1', purpose: 'Temporal', variable: 'TEMPORAL_PORT' },
          {
            port: config.TEMPORAL_UI_PORT,
            host: '127.0.0.1',
            purpose: "Temporal's Web UI",
            variable: 'TEMPORAL_UI_PORT',
          },
        ]
      : []),
  ];
  const taken: string[] = [];
  for (const { port, host, purpose, variable } of needed) {
    if (!(await isPortFree(port, host))) {
      taken.push(
        `Port ${port}, for ${purpose}, is taken by another program. Choose another: ${variable}=${port + 1} npm run dev`,
      );
    }
  }
  if (taken.length > 0) throw new Error(taken.join('\n'));
}

function welcome(baseUrl: string, cliPath: string | null, config: Config): string {
  const ui = config.TEMPORAL_ADDRESS === undefined ? `http://127.0.0.1:${config.TEMPORAL_UI_PORT}` : 'yours';
  const namespace =
    config.TEMPORAL_NAMESPACE === 'default' ? '' : ` --namespace ${config.TEMPORAL_NAMESPACE}`;
  const address = config.TEMPORAL_PORT === 7233 ? '' : ` --address 127.0.0.1:${config.TEMPORAL_PORT}`;
  const cli = cliPath === null ? '' : `\n  Temporal CLI     ${cliPath}${address}${namespace}`;
  const database =
    config.DATABASE_URL === undefined
      ? `\n  Postgres         postgres://validatr@127.0.0.1:${config.POSTGRES_PORT}/validatr (DATABASE_URL with its password: ${join(config.VALIDATR_DATA_DIR, 'stack.json')})`
      : '';
  const needsKey = { ...config, ...authDefault(config) }.AUTH !== 'disabled';
  const makeKey = needsKey
    ? '\n  Requests need an API key; in another terminal: npm run cli -- keys create\n'
    : '';
  const authorization = needsKey ? ` -H 'authorization: Bearer <key>'` : '';
  return `
Validatr is ready.

  API              ${baseUrl}
  its reference    ${baseUrl}/docs
  Temporal Web UI  ${ui}${cli}${database}
${makeKey}
  curl ${baseUrl}/assets/image/${authorization} -H 'content-type: application/json' \\
    -d '{"assetPath":{"location":"local","path":"./assets/rocket.jpg"}}'

Ctrl-C stops everything; the data stay in ${config.VALIDATR_DATA_DIR}/.`;
}

function fail(message: string): never {
  process.stderr.write(`validatr dev: ${message}\n`);
  process.exit(1);
}
