import { writeFileSync } from 'node:fs';
import { readPeakBytes } from '../../src/dev/peak-memory.ts';
import { readUsage } from '../../src/image/decoder/process-usage.ts';

/** A decoder may be replaced as soon as it has answered. So its usage is read all the while, milliseconds. */
const EVERY_MS = 5;

export interface Usage {
  readonly peakBytes: number;
  readonly cpuMs: number;
}

/**
 * Watches processes until the returned function is called, which gives the highest peak of one and the processor time of
 * all. Linux keeps the peak itself (VmHWM), and forgets it on request (proc(5), `clear_refs` 5).
 */
export function watchPeak(pids: () => readonly number[]): () => Usage {
  const before = new Map<number, number>();
  const seen = new Map<number, Usage>();
  for (const pid of pids()) {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    before.set(pid, readUsage(pid)?.cpuMs ?? 0);
  }
  const look = () => {
    for (const pid of pids()) {
      const cpuMs = readUsage(pid)?.cpuMs;
      const peakBytes = readPeakBytes(pid);
      if (cpuMs !== undefined && peakBytes !== null) seen.set(pid, { cpuMs, peakBytes });
    }
  };
  const looking = setInterval(look, EVERY_MS);
  return () => {
    look();
    clearInterval(looking);
    return {
      peakBytes: Math.max(0, ...[...seen.values()].map(({ peakBytes }) => peakBytes)),
      cpuMs: [...seen].reduce((sum, [pid, { cpuMs }]) => sum + cpuMs - (before.get(pid) ?? 0), 0),
    };
  };
}
