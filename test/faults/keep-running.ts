import type { Program, Track } from '../../src/dev/program.ts';

/** The pause between two starts, so a program that ends at once does not use up the processor. */
const RESTART_MS = 100;

type Signal = 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2';

export interface KeptProgram {
  /** Of the process that runs now. */
  pid(): number | undefined;
  /** Signals the program, or its successor if it has just ended. A kill resolves when the process is gone. */
  signal(signal: Signal): Promise<void>;
  /** Kills the program, and does something before it is started again. Resolves when that is done. */
  killAnd(work: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export interface KeptOptions {
  /** Starts the program and waits until it is ready. It calls `track` at once. */
  readonly start: (track: Track) => Promise<unknown>;
  readonly stopSignal: NodeJS.Signals;
  readonly onStarted: () => void;
  readonly onEnded: (how: { readonly killed: boolean; readonly end: string }) => void;
}

/**
 * Starts a program again whenever it ends, at once if it was killed. @throws if its first start fails. A later start is
 * repeated until it succeeds, as a supervisor would do (e.g. Postgres can't start before its last orphan has gone).
 */
export async function keepRunning({
  start,
  stopSignal,
  onStarted,
  onEnded,
}: KeptOptions): Promise<KeptProgram> {
  let current: Program | undefined;
  let stopping = false;
  const killed = new WeakSet<Program>();
  let beforeStart = (): Promise<void> => Promise.resolve();
  const track: Track = async (program) => {
    current = program;
    if (stopping) await program.stop('SIGKILL', 0);
  };

  async function keep(): Promise<void> {
    while (!stopping && current !== undefined) {
      const program = current;
      const end = await program.ended;
      if (stopping) return;
      onEnded({ killed: killed.has(program), end: String(end) });
      if (!killed.has(program)) await delay(RESTART_MS);
      while (!stopping && current.hasEnded()) {
        await beforeStart();
        await start(track).then(onStarted, () => delay(RESTART_MS));
      }
    }
  }

  await start(track);
  onStarted();
  const kept = keep();
  async function signal(signal: Signal): Promise<void> {
    while (current === undefined || current.hasEnded()) await delay(5);
    const target = current;
    if (signal === 'SIGKILL') killed.add(target);
    target.process.kill(signal);
    if (signal === 'SIGKILL') await target.ended;
  }
  return {
    pid: () => (current?.hasEnded() === false ? current.process.pid : undefined),
    signal,
    async killAnd(work) {
      const isDone = new Promise<void>((resolve) => {
        beforeStart = async () => {
          beforeStart = () => Promise.resolve();
          await work();
          resolve();
        };
      });
      await signal('SIGKILL');
      await isDone;
    },
    async stop() {
      stopping = true;
      await current?.stop(stopSignal, 10_000);
      await kept;
      // The program may have been starting while its predecessor was stopped.
      await current?.stop('SIGKILL', 0);
    },
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
