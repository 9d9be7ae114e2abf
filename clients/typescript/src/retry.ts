/** Milliseconds between tries if the API names no time. The wait doubles with each try. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;

/** If the API asks for a longer wait than this, the caller gets the answer instead. */
const LONGEST_RETRY_AFTER_MS = 120_000;

type Fetch = (request: Request) => Promise<Response>;

/**
 * A `fetch` that tries again after 503 and after a lost connection, but only requests that are safe to repeat: reads, and
 * submissions with an `Idempotency-Key`. After 429 it repeats any request, because the API did nothing. It waits for `Retry-After`.
 */
export function fetchWithRetries(fetch: Fetch, maxRetries: number): Fetch {
  return async (request) => {
    const isSafe = request.method === 'GET' || request.headers.has('idempotency-key');
    for (let retries = 0; ; retries += 1) {
      // A clone, because the body of a request can be read only once.
      const attempt = fetch(request.clone());
      if (retries === maxRetries) return attempt;
      const response = await attempt.catch((error: unknown) => {
        if (!isSafe || request.signal.aborted) throw error;
        return null;
      });
      const isRefused = response?.status === 429 || (isSafe && response?.status === 503);
      if (response !== null && !isRefused) return response;
      const pauseMs = waitMs(response?.headers.get('retry-after') ?? null, retries);
      if (response !== null && pauseMs > LONGEST_RETRY_AFTER_MS) return response;
      await response?.body?.cancel();
      await wait(pauseMs, request.signal);
    }
  };
}

/** `Retry-After` is in seconds or a date (RFC 9110, 10.2.3). Jitter spreads clients, so that they do not all come back at once. */
function waitMs(retryAfter: string | null, retries: number): number {
  const jitter = 1 + Math.random() / 4;
  if (retryAfter === null) return Math.min(FIRST_WAIT_MS * 2 ** retries, LONGEST_WAIT_MS) * jitter;
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  return Math.max(0, Number.isNaN(ms) ? FIRST_WAIT_MS : ms) * jitter;
}

/** @throws the reason of the aborted signal */
export async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }
    function aborted(): void {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    }
    signal?.addEventListener('abort', aborted, { once: true });
  });
}
