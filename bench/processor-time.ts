import { readdir, readFile } from 'node:fs/promises';
import type { Client } from 'pg';

/** A tick of the kernel's counts in /proc. Every Linux has 100 a second. */
const TICK_MS = 10;

/**
 * Processor time that a process and all processes below it have used since their start, in milliseconds, those that have ended
 * among them. Null if there is no such process, or no /proc.
 */
export async function processorMs(pid: number): Promise<number | null> {
  const stats = await readStats();
  const root = stats.find((stat) => stat.pid === pid);
  return root === undefined ? null : ticksBelow(root, stats) * TICK_MS;
}

/** The same for Postgres. The backend of `observer` is left out, because it only watches. */
export async function postgresProcessorMs(observer: Client): Promise<number | null> {
  const { rows } = await observer.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const stats = await readStats();
  const own = stats.find((stat) => stat.pid === rows[0]?.pid);
  const main = stats.find((stat) => stat.pid === own?.parent);
  return own === undefined || main === undefined ? null : (ticksBelow(main, stats) - own.ticks) * TICK_MS;
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  /** Of children that have ended. */
  readonly ticksOfEnded: number;
}

function ticksBelow({ pid, ticks, ticksOfEnded }: Stat, stats: readonly Stat[]): number {
  return stats
    .filter(({ parent }) => parent === pid)
    .reduce((sum, child) => sum + ticksBelow(child, stats), ticks + ticksOfEnded);
}

/** Of all processes. */
async function readStats(): Promise<Stat[]> {
  const names = await readdir('/proc').catch(() => []);
  const stats = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(readStat));
  return stats.filter((stat) => stat !== null);
}

/** See proc_pid_stat(5). Null if the process has ended meanwhile. */
async function readStat(pid: string): Promise<Stat | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The name in parentheses may hold spaces. Field 3 follows it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid: Number(pid),
    parent: field(4),
    ticks: field(14) + field(15),
    ticksOfEnded: field(16) + field(17),
  };
}
