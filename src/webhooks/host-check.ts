import { isIP } from 'node:net';
import type { JudgeHost } from '../domain/ports/webhooks.ts';
import type { AddressGuard } from './address-guard.ts';
import { type Lookup, withoutBrackets } from './guarded-connect.ts';

/** A client waits for the answer. A name that is not resolved after this time counts as unknown. */
const DEADLINE_MS = 2_000;
/** Lookups use the few threads that also open files. Slow ones must not take all of them. */
const MAX_LOOKUPS = 2;

/** Tells beforehand whether a connection to a host would be allowed. Senders check again, because names can change. */
export function createHostCheck({
  isAllowed,
  lookup,
  deadlineMs = DEADLINE_MS,
}: {
  isAllowed: AddressGuard;
  lookup: Lookup;
  deadlineMs?: number;
}): JudgeHost {
  const waiting: (() => void)[] = [];
  let free = MAX_LOOKUPS;

  /** Null if there is no answer, or if the caller no longer waits for one. */
  async function lookUpInTurn(name: string, signal: AbortSignal): Promise<readonly string[] | null> {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return signal.aborted ? null : await lookup(name);
    } catch {
      return null;
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  }

  return async (hostname) => {
    const host = withoutBrackets(hostname);
    if (isIP(host) !== 0) return isAllowed(host) ? 'allowed' : 'forbidden';
    const signal = AbortSignal.timeout(deadlineMs);
    const late = new Promise<null>((resolve) => {
      signal.addEventListener('abort', () => resolve(null), { once: true });
    });
    const addresses = await Promise.race([lookUpInTurn(host, signal), late]);
    if (addresses === null || addresses.length === 0) return 'unknown';
    return addresses.every(isAllowed) ? 'allowed' : 'forbidden';
  };
}
