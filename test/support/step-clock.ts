import { isMainThread } from 'node:worker_threads';

/*
 * Preload of a program under test (`steppedBy`). At SIGUSR2 its wall clock steps by CLOCK_STEP_MS, as if an operator had set the
 * machine's clock. The monotonic clock and timers go on, as they do then.
 */
const RealDate = Date;
let offsetMs = 0;

class SteppedDate extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [SteppedDate.now()] : given) as [number]));
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

if (isMainThread) {
  globalThis.Date = SteppedDate as DateConstructor;
  process.on('SIGUSR2', () => {
    offsetMs = Number(process.env['CLOCK_STEP_MS']);
  });
}
