/**
 * Delays before the second and each further try: ten tries over 76 h, as Standard Webhooks 1.0 recommends. The first try
 * is made at once.
 */
const DELAYS_MS = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600].map(
  (seconds) => seconds * 1000,
);

/** From the first try to the last one. */
export const SCHEDULE_MS = DELAYS_MS.reduce((sum, delayMs) => sum + delayMs, 0);

/** Each delay varies by ±10 %, so that a receiver that comes back does not get all tries at once. */
const JITTER = 0.1;

/** The longest delay that a receiver may ask for. */
const MAX_RETRY_AFTER_MS = 24 * 3600 * 1000;

/**
 * Milliseconds from now until the next try, or null at the end of the schedule. `retryAfterMs` is the delay that the
 * receiver asked for. It can make the delay longer, never shorter. `random` is in [0, 1).
 */
export function nextTryInMs(tries: number, retryAfterMs: number | null, random: number): number | null {
  const delayMs = DELAYS_MS[tries - 1];
  if (delayMs === undefined) return null;
  const jittered = Math.round(delayMs * (1 - JITTER + 2 * JITTER * random));
  return Math.max(jittered, Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
}

/**
 * Retry-After (RFC 9110, 10.2.3) in milliseconds: whole seconds or an HTTP date; null if it is neither. A date is compared with
 * the answer's own `Date` (`sentAt`), so our clock need not agree with the receiver's. The result may be as long as the receiver
 * likes, even infinite, until `nextTryInMs` caps it.
 */
export function parseRetryAfter(header: string | undefined, sentAt?: string): number | null {
  if (header === undefined) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = parseHttpDate(header);
  return date === null ? null : Math.max(0, date - (parseHttpDate(sentAt) ?? Date.now()));
}

/** `Date.parse` accepts almost any text. An HTTP date ends in GMT. */
function parseHttpDate(text = ''): number | null {
  const date = text.trim().endsWith('GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : date;
}
