/*
 * Some guarantees are times. Tests check them against a bound that is right for a quiet machine. A machine that is slow or busy
 * gets a longer bound. The factor is its own time for a known piece of work, divided by a quiet machine's, and never below 1.
 */

/** The work takes this long on a quiet machine: two cores of a server, measured. */
const QUIET_MS = 35;
const ROUNDS = 30_000_000;

/** Another program may pause for a moment, so the slowest of these samples counts. */
const SAMPLES = 3;

function work(): number {
  let value = 1;
  for (let round = 0; round < ROUNDS; round += 1) value = Math.imul(value ^ round, 2_654_435_761) >>> 0;
  return value;
}

function slowest(takeMs: () => number): number {
  const samples = Array.from({ length: SAMPLES }, () => takeMs() / QUIET_MS);
  return Math.max(1, ...samples);
}

/** How many times longer than on a quiet machine work takes here and now; at least 1. */
export function slowness(): number {
  return slowest(() => {
    const begin = performance.now();
    work();
    return performance.now() - begin;
  });
}

/** The same in processor time: how slow the processor is, without what others take of it. */
function processorSlowness(): number {
  return slowest(() => {
    const begin = process.cpuUsage();
    work();
    return process.cpuUsage(begin).user / 1_000;
  });
}

/** @throws {Error} if something took longer than `boundMs` on a quiet machine, or than its counterpart on this one */
export function expectWithin(tookMs: number, boundMs: number, what = 'it'): void {
  hold(tookMs, boundMs, slowness, what);
}

/** The same for processor time, which other programs take nothing of. @throws {Error} */
export function expectProcessorTimeWithin(tookMs: number, boundMs: number, what = 'it'): void {
  hold(tookMs, boundMs, processorSlowness, what);
}

/** Measures the machine's pace only if the time is over the bound. */
function hold(tookMs: number, boundMs: number, factor: () => number, what: string): void {
  if (tookMs < boundMs) return;
  const times = factor();
  if (tookMs < boundMs * times) return;
  const [took, pace] = [Math.round(tookMs), times.toFixed(1)];
  throw new Error(
    `${what} took ${took} ms, the bound is ${boundMs} ms on a machine that is not ${pace} times slower`,
  );
}

/** Processor time of this process so far, threads included. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
