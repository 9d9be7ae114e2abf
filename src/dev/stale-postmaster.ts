import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A server that was killed or stopped has this long to end. Postgres says why it does not start after that. */
const END_WITHIN_MS = 15_000;

const LOOK_EVERY_MS = 100;

/**
 * Makes way for a new Postgres in a data directory whose last server was killed. Postgres refuses to start while any process has
 * the id in `postmaster.pid`. That process may be
 *
 * - gone: Postgres replaces the file itself;
 * - a zombie, because nobody has reaped it: it holds nothing, so the file is removed;
 * - another program, which got the id later: the file is removed, too;
 * - the server itself, still ending: we wait for it.
 *
 * Without the file, Postgres still looks for processes of the last server by the shared memory of the data directory.
 */
export async function makeWay(cluster: string, say: (line: string) => void): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const deadline = performance.now() + END_WITHIN_MS;
  let isSaid = false;
  for (;;) {
    const pid = await readPid(file);
    const found = pid === null ? null : await look(pid);
    if (found === null) return;
    const isZombie = found.state.startsWith('Z');
    if (isZombie || !found.args.includes(cluster)) {
      const what = isZombie ? 'has ended, though the system still lists it' : 'is another program';
      say(`Removing the lock of an earlier Postgres: process ${pid} ${what}.`);
      return rm(file, { force: true });
    }
    if (performance.now() > deadline) return;
    if (!isSaid) say(`Waiting for process ${pid}, an earlier Postgres in ${cluster}, to end …`);
    isSaid = true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/**
 * Starts Postgres, and again while processes of a killed server still use the shared memory. They end by themselves soon after
 * their server has.
 */
export async function startPastOrphans<Started>(
  start: () => Promise<Started>,
  say: (line: string) => void,
): Promise<Started> {
  const deadline = performance.now() + END_WITHIN_MS;
  let isSaid = false;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      const isInUse = error instanceof Error && /shared memory block .* still in use/.test(error.message);
      if (!isInUse || performance.now() > deadline) throw error;
    }
    if (!isSaid) say('Waiting for processes of an earlier Postgres to end …');
    isSaid = true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** The first line is the id of the server's process. */
async function readPid(file: string): Promise<number | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return pid > 0 ? pid : null;
}

/** Null if there is no such process. */
async function look(pid: number): Promise<{ readonly state: string; readonly args: string } | null> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,args=', '-p', String(pid)]);
    const [, state = '', args = ''] = /^\s*(\S+)\s+(.*)/.exec(stdout) ?? [];
    return state === '' ? null : { state, args };
  } catch {
    // `ps` fails if there is none.
    return null;
  }
}
