import { execFile } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { signalGroup } from './program.ts';

const run = promisify(execFile);

/** A process group of ours, as the file remembers it. `mark` occurs in the command line of its processes. */
export interface RememberedGroup {
  readonly name: string;
  readonly pgid: number;
  readonly mark: string;
}

/** Long enough for Postgres to write what it has. */
const STOP_GRACE_MS = 15_000;

export async function rememberGroups(file: string, groups: readonly RememberedGroup[]): Promise<void> {
  // Replaced in one step, because a half-written list would lose processes.
  await writeFile(`${file}.new`, JSON.stringify(groups));
  await rename(`${file}.new`, file);
}

/**
 * Ends the processes of an earlier run that was killed. It only touches a process that is in a remembered group and has the
 * group's mark in its command line. So it leaves a process alone that got one of their ids later.
 */
export async function stopLeftovers(file: string, log: (line: string) => void): Promise<void> {
  const groups = await readGroups(file);
  for (const group of groups) {
    if (!(await isAlive(group))) continue;
    log(`Stopping ${group.name} of an earlier run (process group ${group.pgid}) …`);
    signalGroup(group.pgid, group.name === 'postgres' ? 'SIGINT' : 'SIGTERM');
    const deadline = performance.now() + STOP_GRACE_MS;
    while (await isAlive(group)) {
      if (performance.now() > deadline) signalGroup(group.pgid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function readGroups(file: string): Promise<RememberedGroup[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RememberedGroup[];
  } catch {
    // There was no earlier run, or it was killed before it wrote the file.
    return [];
  }
}

async function isAlive({ pgid, mark }: RememberedGroup): Promise<boolean> {
  const { stdout } = await run('ps', ['-A', '-o', 'pgid=,stat=,args=']);
  return stdout.split('\n').some((line) => {
    const [, group, stat, args] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return Number(group) === pgid && stat?.startsWith('Z') === false && args?.includes(mark) === true;
  });
}

/** Whether a process with this id lives and bears the mark. */
export async function isProcessAlive(pid: number, mark: string): Promise<boolean> {
  try {
    const { stdout } = await run('ps', ['-o', 'args=', '-p', String(pid)]);
    return stdout.includes(mark);
  } catch {
    return false;
  }
}
