/**
 * When a delivery is tried, counted by HTTP tries made: at once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h,
 * 20 h, 24 h: ten tries over 76 h, the schedule that Standard Webhooks 1.0 recommends.
 */
const DELAYS_MS = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600].map(
  (seconds) => seconds * 1000,
);

/** Each delay is drawn from ±10 %, so that receivers coming back are not met by everyone at once. */
const JITTER = 0.1;

/** A receiver may ask for more time, but not for ever. */
const MAX_RETRY_AFTER_MS = 24 * 3600 * 1000;

/**
 * Milliseconds from now until the next try, or null when the schedule has run out. `retryAfterMs` is what the
 * receiver asked for; it lengthens the delay, never shortens it. `random` is in [0, 1).
 */
export function nextTryInMs(tries: number, retryAfterMs: number | null, random: number): number | null {
  const delayMs = DELAYS_MS[tries - 1];
  if (delayMs === undefined) return null;
  const jittered = Math.round(delayMs * (1 - JITTER + 2 * JITTER * random));
  return Math.max(jittered, Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
}

/** Retry-After (RFC 9110, 10.2.3) in milliseconds: seconds or an HTTP date; null where it is neither. */
export function parseRetryAfter(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  // `Date.parse` reads almost anything as some date; an HTTP date ends in GMT.
  const date = header.trim().endsWith('GMT') ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
