import { readFileSync } from 'node:fs';

/** The most resident memory that a process has had, bytes (proc_pid_status(5)). Null if it has ended, or the system is not Linux. */
export function readPeakBytes(pid: number): number | null {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}
