import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Another user to run as (root only). */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Called with every line of both outputs. */
  readonly onLine: (line: string) => void;
  readonly track?: Track | undefined;
}

/** Called with every program as soon as it runs, before anyone waits for it, so that a stop in between finds it. */
export type Track = (program: Program) => Promise<void>;

/** A child process in a group of its own. A terminal's Ctrl-C reaches only us, and we choose the order of stops. */
export interface Program {
  readonly pid: number;
  readonly process: ChildProcess;
  hasEnded(): boolean;
  /** Resolves with the exit code, or with the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Sends `signal`, and kills the whole group after `graceMs`. */
  stop(signal: NodeJS.Signals, graceMs: number): Promise<void>;
}

export async function startProgram({
  command,
  args,
  env,
  cwd,
  user,
  onLine,
  track,
}: ProgramOptions): Promise<Program> {
  const child = spawn(command, args, {
    env,
    cwd,
    ...user,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  // Not every caller awaits `ended`. A failed start is thrown by the next line.
  ended.catch(() => undefined);
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} has no process id`);
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', onLine);

  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const program: Program = {
    pid,
    process: child,
    hasEnded,
    ended,
    async stop(signal, graceMs) {
      if (hasEnded()) return;
      child.kill(signal);
      const kill = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
      await ended;
      clearTimeout(kill);
    },
  };
  await track?.(program);
  return program;
}

/** Signals every process of a group that is still there. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Calls `probe` until it is true. @throws when the program ends before, or after `timeoutMs` */
export async function waitUntilReady(
  program: Program,
  probe: () => Promise<boolean>,
  { name, timeoutMs, lastLines }: { name: string; timeoutMs: number; lastLines: () => string },
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await probe())) {
    if (program.hasEnded()) throw new Error(`${name} ended at start:\n${lastLines()}`);
    if (performance.now() > deadline)
      throw new Error(`${name} was not ready within ${timeoutMs / 1000} s:\n${lastLines()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Remembers the last lines of a program, for the message when it fails. */
export function rememberLines(count: number): { add: (line: string) => void; text: () => string } {
  const lines: string[] = [];
  return {
    add(line) {
      lines.push(line);
      if (lines.length > count) lines.shift();
    },
    text: () => lines.map((line) => `  ${line}`).join('\n'),
  };
}
