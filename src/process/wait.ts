/** Lasting trouble is logged now and then, not each second. */
const SAY_EVERY_MS = 5_000;

const TRY_EVERY_MS = 500;

interface Clock {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

interface Waiting {
  /** Resolves with the reason to wait, or with null if there is none. */
  readonly findTrouble: () => Promise<string | null>;
  /** Called at once, and then every 5 s. */
  readonly say: (reason: string) => void;
  /** Without it, the wait has no end. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Waits until a dependency of the process is usable. @throws {Error} with the last reason after `timeoutMs` */
export async function waitUntilUsable({
  findTrouble,
  say,
  timeoutMs = Number.POSITIVE_INFINITY,
  clock = CLOCK,
}: Waiting): Promise<void> {
  const begin = clock.now();
  let saidAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const reason = await findTrouble();
    if (reason === null) return;
    const now = clock.now();
    if (now - begin >= timeoutMs) throw new Error(reason);
    if (now - saidAt >= SAY_EVERY_MS) {
      say(reason);
      saidAt = now;
    }
    await clock.sleep(TRY_EVERY_MS);
  }
}
