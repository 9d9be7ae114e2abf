import type { Config } from '../../config.ts';
import { S3_STOP_SIGNAL } from '../../dev/embedded-s3.ts';
import { startServers } from '../../dev/embedded-stack.ts';
import { migrateDatabase, ourProgram, waitUntilStarted } from '../../dev/our-programs.ts';
import type { Program } from '../../dev/program.ts';
import { rememberStack } from '../../dev/stack-file.ts';
import { supervise } from '../../dev/supervise.ts';
import { devEnvironment } from './environment.ts';
import { startLocalS3 } from './local-s3.ts';
import type { RunningStack } from './running-stack.ts';
import { welcome } from './welcome.ts';

/** API and worker drain for 25 s at most. */
const STOP_GRACE_MS = 30_000;

/** The mark of a program occurs in its command line. SIGINT is Postgres' fast shutdown. */
const SERVERS = {
  postgres: { name: 'postgres', mark: 'postgres', signal: 'SIGINT' },
  'temporal-cli': { name: 'fetching Temporal', mark: 'temporal', signal: 'SIGTERM' },
  temporal: { name: 'temporal', mark: 'server start-dev', signal: 'SIGTERM' },
} as const;

interface Start {
  readonly config: Config;
  readonly dataDir: string;
  readonly running: RunningStack;
  readonly say: (line: string) => void;
  /** Called if API or worker can't run at all. */
  readonly onGiveUp: (reason: string) => void;
}

/** Starts Postgres and Temporal unless they run elsewhere, then our programs. Resolves once the API is ready. */
export async function startStack({ config, dataDir, running, say, onGiveUp }: Start): Promise<void> {
  const track =
    (name: string, mark: string, signal: NodeJS.Signals = 'SIGTERM') =>
    (program: Program) =>
      running.add({ name, mark, program, stop: () => program.stop(signal, STOP_GRACE_MS) });

  const servers = await startServers({
    dataDir,
    ports: {
      postgres: config.POSTGRES_PORT,
      temporal: config.TEMPORAL_PORT,
      temporalUi: config.TEMPORAL_UI_PORT,
    },
    namespace: config.TEMPORAL_NAMESPACE,
    outside: { databaseUrl: config.DATABASE_URL, temporalAddress: config.TEMPORAL_ADDRESS },
    log: say,
    run(part, start) {
      const { name, mark, signal } = SERVERS[part];
      return start(track(name, mark, signal));
    },
  });

  if (config.S3) say('Starting a local S3 server …');
  const s3 = config.S3
    ? await startLocalS3(config, { dataDir, track: track('s3', 'weed', S3_STOP_SIGNAL) })
    : null;

  const env = {
    ...(await devEnvironment(config, servers, dataDir)),
    ...(s3 !== null && { SOURCES_FILE: s3.sourcesFile }),
  };
  const print = (name: string) => (line: string) => say(`${name.padEnd(7)}| ${line}`);
  const program = (name: 'api' | 'worker') => ({
    ...ourProgram(name),
    name,
    env,
    onLine: print(name),
    track: track(name, `src/bin/${name}.ts`),
  });
  await rememberStack(dataDir, env);

  say('Migrating the database …');
  await migrateDatabase({ env, onLine: print('migrate'), track: track('migrate', 'src/bin/migrate.ts') });

  say('Starting API and worker …');
  const stopGraceMs = Number(env.DRAIN_DELAY_S) * 1_000 + STOP_GRACE_MS;
  for (const name of ['worker', 'api'] as const)
    running.stopFirst(await supervise(program(name), { stopGraceMs, log: say, onGiveUp }));

  const baseUrl = `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${config.PORT}`;
  await waitUntilStarted(baseUrl);
  say(welcome(baseUrl, servers.temporalCli, config, s3));
}
