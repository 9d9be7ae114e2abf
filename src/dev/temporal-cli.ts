import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rememberLines, startProgram, type Track } from './program.ts';

/** The newest CLI that `go install` can build. Later ones need a module that no proxy serves. */
const GO_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

const DOWNLOAD_TIMEOUT_MS = 120_000;
const PROGRESS_EVERY_MS = 10_000;

interface FetchOptions {
  readonly log: (line: string) => void;
  readonly track?: Track | undefined;
}

/**
 * Path of the Temporal CLI, which holds server, database and Web UI. It is taken from PATH, else from this user's cache, else
 * downloaded as the SDK does, else built with Go. A fetched CLI stays in the cache, outside the checkout.
 * @throws with what to install if none of these works
 */
export async function findTemporalCli({ log, track }: FetchOptions): Promise<string> {
  const onPath = await findOnPath('temporal');
  if (onPath !== null) return onPath;
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'validatr', 'bin');
  const cached = join(cache, 'temporal');
  if (await isExecutable(cached)) return cached;

  await mkdir(cache, { recursive: true });
  // Filled beside its final place and moved there whole, because several processes may fetch at once.
  const dir = await mkdtemp(join(cache, 'fetch-'));
  try {
    log('There is no Temporal CLI yet. Downloading it (once) …');
    const fetched = (await download(dir, { log, track })) ?? (await build(dir, { log, track }));
    await rename(fetched, cached);
    log(`The Temporal CLI is in ${cached}`);
    return cached;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function download(dir: string, { log, track }: FetchOptions): Promise<string | null> {
  const script = fileURLToPath(new URL('download-temporal.ts', import.meta.url));
  const ok = await runWithProgress(
    process.execPath,
    [script, dir],
    {},
    { log, track, what: 'downloading', timeoutMs: DOWNLOAD_TIMEOUT_MS },
  );
  if (ok === null) {
    for (const name of await readdir(dir)) {
      const path = join(dir, name);
      if (name.startsWith('temporal') && (await isExecutable(path))) return path;
    }
  }
  log('The download did not work here.');
  return null;
}

async function build(dir: string, { log, track }: FetchOptions): Promise<string> {
  if ((await findOnPath('go')) === null) throw new Error(`The Temporal CLI could not be fetched. ${ADVICE}`);
  log(`Building it with Go instead: ${GO_MODULE}. This takes some minutes, once.`);
  const failure = await runWithProgress(
    'go',
    ['install', GO_MODULE],
    { GOBIN: dir },
    { log, track, what: 'building', timeoutMs: 1_800_000 },
  );
  if (failure !== null) throw new Error(`The Temporal CLI could not be built:\n${failure}\n${ADVICE}`);
  return join(dir, 'temporal');
}

const ADVICE =
  'Install it (https://docs.temporal.io/cli) so that `temporal` is on your PATH, or set TEMPORAL_ADDRESS to a server of yours.';

/** Null if the program succeeds, its last lines otherwise. Logs every ten seconds that it is still at work. */
async function runWithProgress(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  { log, track, what, timeoutMs }: FetchOptions & { what: string; timeoutMs: number },
): Promise<string | null> {
  const last = rememberLines(10);
  const begin = performance.now();
  const program = await startProgram({
    command,
    args,
    env: { ...process.env, ...env },
    onLine: last.add,
    track,
  });
  const progress = setInterval(
    () => log(`… still ${what}, ${Math.round((performance.now() - begin) / 1000)} s`),
    PROGRESS_EVERY_MS,
  );
  const timeout = setTimeout(() => void program.stop('SIGKILL', 0), timeoutMs);
  const end = await program.ended;
  clearInterval(progress);
  clearTimeout(timeout);
  return end === 0 ? null : last.text() || `It ended with ${end}.`;
}

async function findOnPath(name: string): Promise<string | null> {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    if (dir !== '' && (await isExecutable(join(dir, name)))) return join(dir, name);
  }
  return null;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
