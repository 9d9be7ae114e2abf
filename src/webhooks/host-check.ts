import { isIP } from 'node:net';
import type { JudgeHost } from '../domain/ports/webhooks.ts';
import type { AddressGuard } from '../network/address-guard.ts';
import { withoutBrackets } from '../network/guarded-connect.ts';
import type { Lookup } from '../network/names/lookup.ts';

/** A client waits for the answer. A name that is not resolved after this time counts as unknown. */
const DEADLINE_MS = 2_000;

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
  return async (hostname, tenant) => {
    const host = withoutBrackets(hostname);
    if (isIP(host) !== 0) return isAllowed(host) ? 'allowed' : 'forbidden';
    const signal = AbortSignal.timeout(deadlineMs);
    // Whatever the reason is, a sender may find addresses later.
    const addresses = await lookup(host, { tenant, signal }).catch(() => []);
    if (addresses.length === 0) return 'unknown';
    return addresses.every(isAllowed) ? 'allowed' : 'forbidden';
  };
}
