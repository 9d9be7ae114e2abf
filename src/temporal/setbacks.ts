import { concernsAll, mayConcernOneShard } from './trouble.ts';

/** An item that failed once is left alone for this long. Each further failure in a row doubles the pause. */
const FIRST_PAUSE_MS = 1_000;

/** The longest pause of an item that Temporal refuses. */
const MAX_PAUSE_MS = 5 * 60_000;

/** The longest pause after an error that concerns all items. So all of them go on soon after Temporal or Postgres is back. */
const MAX_PAUSE_OF_ALL_MS = 8_000;

/** If an item has succeeded within this time, a shard of Temporal may fail, but not all of them. A call takes up to 5 s. */
const OTHERS_SUCCEED_MS = 10_000;

/** From this many failures in a row on, the trouble lasts. The pauses before them take about an hour. */
const LASTING = 20;

/** How many items are remembered. A forgotten item begins with the first pause again. */
const MAX_REMEMBERED = 10_000;

/** Remembers which items failed, and how often in a row. */
export interface Setbacks {
  /** The item has failed. Returns the milliseconds for which to leave it alone, `firstMs` after the first failure. */
  add(id: string, error: unknown, firstMs?: number): number;
  /** Whether the item has failed for about an hour. */
  isLasting(id: string): boolean;
  /** The item has succeeded. */
  forget(id: string): void;
  /** Whether the error concerns all items, as far as their successes tell. */
  concernsAll(error: unknown): boolean;
}

/** `now`: milliseconds of the monotonic clock. */
export function createSetbacks(now = () => performance.now()): Setbacks {
  let succeededAt = Number.NEGATIVE_INFINITY;

  function isOfAll(error: unknown): boolean {
    const doOthersSucceed = now() - succeededAt < OTHERS_SUCCEED_MS;
    return concernsAll(error) && !(doOthersSucceed && mayConcernOneShard(error));
  }

  /** Failures in a row, the item that failed last at the end. */
  const failures = new Map<string, number>();
  return {
    add(id, error, firstMs = FIRST_PAUSE_MS) {
      const before = failures.get(id) ?? 0;
      failures.delete(id);
      failures.set(id, before + 1);
      const [oldest] = failures.keys();
      if (failures.size > MAX_REMEMBERED && oldest !== undefined) failures.delete(oldest);
      const maxMs = isOfAll(error) ? MAX_PAUSE_OF_ALL_MS : MAX_PAUSE_MS;
      return Math.min(firstMs * 2 ** Math.min(before, 30), maxMs);
    },
    isLasting: (id) => (failures.get(id) ?? 0) >= LASTING,
    forget(id) {
      failures.delete(id);
      succeededAt = now();
    },
    concernsAll: isOfAll,
  };
}

/** So many failures in a row concern more than one shard of Temporal. Each of them may take 5 s. */
const MAX_IN_A_ROW = 3;

/**
 * Does `work` for each item. It goes on past an item that fails, and reports it.
 * @throws an error that concerns all items, because the items behind would meet it too. An error that may concern one shard of
 * Temporal is thrown when it comes for the third item in a row.
 */
export async function doEach<Item>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<void>,
  report: (item: Item, error: unknown) => void,
): Promise<void> {
  let inARow = 0;
  for (const item of items) {
    try {
      await work(item);
      inARow = 0;
    } catch (error) {
      inARow += 1;
      if (concernsAll(error) && !(inARow < MAX_IN_A_ROW && mayConcernOneShard(error))) throw error;
      report(item, error);
    }
  }
}
