import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';

const MINUTE_MS = 60_000;
/** Keys kept in memory. */
const MAX_REMEMBERED = 10_000;

interface Account {
  /** Bytes that may come at once. Below zero they are owed. */
  readonly left: number;
  readonly at: number;
}

/**
 * Holds the files of a key to its bytes a minute. A key that has sent nothing for a minute may send all of them at once. What is
 * above waits until there is room for it, so a large file arrives more slowly and is not refused.
 */
export function createPaces(now: () => number = () => performance.now()) {
  const accounts = new LRUCache<string, Account>({ max: MAX_REMEMBERED });

  return async (keyId: string, bytes: number, bytesPerMinute: number): Promise<void> => {
    const at = now();
    const account = accounts.get(keyId) ?? { left: bytesPerMinute, at };
    const earned = ((at - account.at) * bytesPerMinute) / MINUTE_MS;
    const left = Math.min(bytesPerMinute, account.left + earned) - bytes;
    accounts.set(keyId, { left, at });
    if (left < 0) await sleep((-left * MINUTE_MS) / bytesPerMinute);
  };
}
