import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** Processor time since it began, milliseconds. */
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** Linux reports processor time in hundredths of a second (USER_HZ), whatever its own ticks are. */
const TICK_MS = 10;

/** The usage of a process. Null if the system does not report it: the process has ended, or the system is not Linux. */
export function readUsage(pid: number): ProcessUsage | null {
  try {
    // The name in brackets may hold anything, so fields are counted from behind it (proc(5): 14 utime, 15 stime).
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
