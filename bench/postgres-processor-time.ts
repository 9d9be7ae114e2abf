import { readdir, readFile } from 'node:fs/promises';
import type { Client } from 'pg';

/** A tick of the kernel's counts in /proc. Every Linux has 100 a second. */
const TICK_MS = 10;

/**
 * Processor time that Postgres has used since its start, in milliseconds: its main process, its other processes, and those
 * that have ended. The backend of `observer` is left out, because it only watches. Null if there is no /proc.
 */
export async function postgresProcessorMs(observer: Client): Promise<number | null> {
  const { rows } = await observer.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const own = await readStat(rows[0]?.pid ?? 0);
  if (own === null) return null;
  const main = await readStat(own.parent);
  const all = await Promise.all(
    (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((name) => readStat(Number(name))),
  );
  const ticks = all
    .filter((stat) => stat !== null && stat.parent === own.parent && stat.pid !== own.pid)
    .reduce((sum, stat) => sum + (stat?.ticks ?? 0), 0);
  return main === null ? null : (main.ticks + main.ticksOfEnded + ticks) * TICK_MS;
}

/** See proc_pid_stat(5). Null if there is no such process. */
async function readStat(pid: number) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The name in parentheses may hold spaces. Field 3 follows it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return { pid, parent: field(4), ticks: field(14) + field(15), ticksOfEnded: field(16) + field(17) };
}
