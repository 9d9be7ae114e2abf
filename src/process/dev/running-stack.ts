import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type RememberedGroup, rememberGroups, stopLeftovers } from '../../dev/leftovers.ts';
import { type Program, signalGroup } from '../../dev/program.ts';

interface Stoppable {
  stop(): Promise<void>;
}

interface Tracked extends Stoppable {
  readonly name: string;
  /** Occurs in the command line of its processes. */
  readonly mark: string;
  readonly program: Program;
}

/** The programs of this stack, in the order of their start. A file names them, so the next start finds them if we are killed. */
export interface RunningStack {
  /** Stops what an earlier run left behind. */
  stopLeftovers(say: (line: string) => void): Promise<void>;
  /** Remembers a program. If we are stopping, it is stopped at once. */
  add(tracked: Tracked): Promise<void>;
  /** Adds something that has no process of its own. It is stopped before the programs added so far. */
  stopFirst(stoppable: Stoppable): void;
  isStopping(): boolean;
  isEmpty(): boolean;
  /** Stops all, the last started first. */
  stop(): Promise<void>;
  /** Kills every process group at once. */
  kill(): void;
}

export function createRunningStack(dataDir: string): RunningStack {
  const file = join(dataDir, 'processes.json');
  const running: Stoppable[] = [];
  const groups: RememberedGroup[] = [];
  let stopping = false;
  return {
    stopLeftovers: (say) => stopLeftovers(file, say),
    async add({ name, mark, program, stop }) {
      running.push({ stop });
      if (stopping) await stop();
      groups.push({ name, pgid: program.pid, mark });
      await rememberGroups(file, groups);
    },
    stopFirst: (stoppable) => void running.push(stoppable),
    isStopping: () => stopping,
    isEmpty: () => running.length === 0,
    async stop() {
      stopping = true;
      for (const stoppable of running.reverse()) await stoppable.stop();
      await rm(file, { force: true });
    },
    kill() {
      for (const { pgid } of groups) signalGroup(pgid, 'SIGKILL');
    },
  };
}
