import { isIP } from 'node:net';
import type { JudgeHost } from '../domain/ports/webhooks.ts';
import type { AddressGuard } from './address-guard.ts';
import { type Lookup, withoutBrackets } from './guarded-connect.ts';

/** Someone waits for the answer: what a name server has not said by then is not known at once. */
const DEADLINE_MS = 2_000;
/** The system looks names up on the few threads that also open files; names that are slow to resolve may not take them all. */
const MAX_LOOKUPS = 2;

/** Tells beforehand what a connection to a host would come to. Whoever connects checks again: answers change. */
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

  /** Null where there is no answer, or nobody waits for it any more. */
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
