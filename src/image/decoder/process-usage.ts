import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** Processor time since it began, milliseconds. */
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** Linux counts processor time in hundredths of a second, whatever its own ticks are (USER_HZ). */
const TICK_MS = 10;

/** What a process has used; null where the system does not say (it has ended; not Linux). */
export function readUsage(pid: number): ProcessUsage | null {
  try {
    // The name in brackets may hold anything: fields are counted from behind it (proc(5): 14 utime, 15 stime).
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
      residentBytes: Number(resident ?? 0) * 1024,
    };
  } catch {
    return null;
  }
}
