import { readPeakBytes } from '../../../src/dev/peak-memory.ts';
import type { Log } from '../log.ts';
import type { FaultStack } from '../stack.ts';

/** A program may be killed at any moment, and its peak is gone with it. */
const LOOK_EVERY_MS = 100;

const WATCHED = ['api', 'worker'] as const;

/** Watches the memory of API and worker, through all restarts, until the returned function logs their peaks. */
export function watchMemory({ programs }: Pick<FaultStack, 'programs'>, log: Log): () => void {
  const peaks = new Map<(typeof WATCHED)[number], number>();
  const look = () => {
    for (const program of WATCHED) {
      const pid = programs[program].pid();
      const bytes = pid === undefined ? null : readPeakBytes(pid);
      if (bytes !== null) peaks.set(program, Math.max(peaks.get(program) ?? 0, bytes));
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    look();
    clearInterval(timer);
    for (const [program, bytes] of peaks)
      log.add({ type: 'memory', program, peakMiB: Math.ceil(bytes / 2 ** 20) });
  };
}
