import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ourProgram } from '../src/dev/our-programs.ts';

/** Starts one of our programs. `within` is a command that runs it, e.g. in a namespace of its own. */
export function startOurProgram(
  name: 'api' | 'worker',
  env: Record<string, string>,
  within: readonly string[] = [],
): ChildProcess {
  const { command, args, cwd } = ourProgram(name);
  const [first = command, ...rest] = [...within, command, ...args];
  return spawn(first, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

export async function stopProgram(program: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  program.kill(signal);
  await once(program, 'exit');
}

/** Resident memory of a process in MiB. */
export async function residentMiB({ pid }: ChildProcess): Promise<number> {
  const ps = spawn('ps', ['-o', 'rss=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  ps.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(ps, 'close');
  return Math.round(Number(text) / 1024);
}
