import { CONDITION_MS } from './deadlines.ts';
import { expectWithin } from './machine-pace.ts';

interface Waiting {
  readonly everyMs?: number;
  readonly what?: string;
  /** For a guarantee that is a time: how long it may take on a quiet machine (`machine-pace.ts`), in milliseconds. */
  readonly withinMs?: number;
}

/**
 * Calls `probe` until it returns something other than undefined or false. @throws if that does not happen, or happens later
 * than `withinMs`
 */
export async function eventually<Found>(
  probe: () => Promise<Found | undefined | false> | Found | undefined | false,
  { everyMs = 20, what = 'the condition', withinMs = Number.POSITIVE_INFINITY }: Waiting = {},
): Promise<Found> {
  const begin = performance.now();
  for (;;) {
    const found = await probe();
    const tookMs = performance.now() - begin;
    if (found !== undefined && found !== false) {
      expectWithin(tookMs, withinMs, what);
      return found;
    }
    if (tookMs > CONDITION_MS) throw new Error(`${what} did not come about within ${CONDITION_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Waits until `read` returns `total`. @throws if its number stays the same for longer than a condition may take */
export async function untilAll(read: () => Promise<number>, total: number, what: string): Promise<void> {
  for (let count = await read(); count !== total; ) {
    const before = count;
    await eventually(async () => (count = await read()) !== before, {
      everyMs: 200,
      what: `more than ${before} of ${total} ${what}`,
    });
  }
}
