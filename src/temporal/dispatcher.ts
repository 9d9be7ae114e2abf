import type { DispatchQueue } from '../domain/ports/dispatch.ts';
import { handOverDeliveries, type KnownTurns } from './hand-over-deliveries.ts';
import { createSetbacks } from './setbacks.ts';
import { signalCancels } from './signal-cancels.ts';
import type { StartOptions } from './start-validation.ts';
import { createValidationStarts, LOOK_FOR_OTHERS_MS } from './validation-starts.ts';

/** A wake-up may be lost. Work then waits this long at most. */
const POLL_MS = 1_000;

/**
 * Cancels and overdue deliveries are looked for at most this often. A round takes at most 16 deliveries, so 64 in a second. More
 * would take the processor from validations. Measured while 1,000 deliveries of another tenant were due: half of the verdicts took
 * more than 380 ms without a bound, and more than 107 ms with it.
 */
const CHORES_EVERY_MS = 250;

export interface DispatcherDeps extends StartOptions {
  readonly queue: DispatchQueue;
  /** Whether this process may start workflows now. */
  readonly mayStart: () => Promise<boolean>;
  readonly turns: KnownTurns;
  /** `id`: the asset or delivery that the error is about. Missing if the error concerns all of them. */
  readonly onError: (error: unknown, doing: string, id?: string) => void;
}

export interface Dispatcher {
  /** There may be work. */
  wake(): void;
  /** A validation has ended in this process. */
  ended(assetId: string): void;
  /** Ends after the starts under way. */
  stop(): Promise<void>;
}

/**
 * Hands work that is committed in Postgres to Temporal. It starts workflows for rows that wait for one, signals requests to
 * cancel, and starts delivery workflows for overdue events. It leases rows in a short transaction, and never locks them
 * across a call to Temporal. While Temporal is down, rows wait.
 */
export function startDispatcher({ queue, mayStart, turns, onError, ...options }: DispatcherDeps): Dispatcher {
  let stopped = false;
  let rouse: (() => void) | undefined;
  let isAwake = false;
  let choresAt = 0;
  let choresUnderWay: Promise<void> | null = null;
  let areMoreDue = false;
  const setbacks = createSetbacks();
  const starts = createValidationStarts({ ...options, queue, setbacks, onRoom: wake, onError });
  const chores = { queue, client: options.client, setbacks, onError };

  async function run(): Promise<void> {
    while (!stopped) {
      isAwake = false;
      await attempt('looking for work', async () => {
        if (starts.isPaused() || !(await mayStart())) return;
        await attempt('looking for assets to start', starts.startWaiting);
        if (performance.now() >= choresAt) startChores();
      });
      await idle();
    }
    await Promise.all([starts.settle(), choresUnderWay]);
  }

  /** A round of chores may take long. It goes on beside the starts, so no asset waits for it. */
  function startChores(): void {
    if (choresUnderWay !== null) return;
    choresAt = performance.now() + CHORES_EVERY_MS;
    choresUnderWay = doChores().finally(() => {
      choresUnderWay = null;
      if (areMoreDue || performance.now() >= choresAt) wake();
    });
  }

  async function doChores(): Promise<void> {
    areMoreDue = false;
    await attempt('passing on requests to cancel', () => signalCancels(chores));
    await attempt('handing over deliveries', async () => {
      areMoreDue = (await handOverDeliveries(chores, turns)) > 0;
    });
  }

  /** Reports a failure, so that the work after this one is done all the same. */
  async function attempt(doing: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      onError(error, doing);
    }
  }

  function idle(): Promise<void> {
    if (isAwake || stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, untilNextLookMs());
      rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function untilNextLookMs(): number {
    if (starts.isFull()) return LOOK_FOR_OTHERS_MS;
    return areMoreDue ? CHORES_EVERY_MS : POLL_MS;
  }

  function wake(): void {
    isAwake = true;
    rouse?.();
  }

  const running = run();
  return {
    wake,
    ended: starts.ended,
    async stop() {
      stopped = true;
      rouse?.();
      await running;
    },
  };
}
