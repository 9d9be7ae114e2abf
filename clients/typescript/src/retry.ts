/** Waits between tries where the API names none, in milliseconds: doubled each time. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;

/** Who is asked to come back later than this is told so instead. */
const LONGEST_RETRY_AFTER_MS = 120_000;

type Fetch = (request: Request) => Promise<Response>;

/**
 * A `fetch` that tries again after 429 and 503, when the answer's `Retry-After` is over, and after a lost connection; but
 * only what is safe to repeat: reads, and submissions with an `Idempotency-Key`. A 429 was not acted upon, whatever it was.
 */
export function fetchWithRetries(fetch: Fetch, maxRetries: number): Fetch {
  return async (request) => {
    const isSafe = request.method === 'GET' || request.headers.has('idempotency-key');
    for (let retries = 0; ; retries += 1) {
      // The body of a request can be read once.
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

/** `Retry-After` is in seconds or a date (RFC 9110, 10.2.3). With jitter, so that clients do not come back at once. */
function waitMs(retryAfter: string | null, retries: number): number {
  const jitter = 1 + Math.random() / 4;
  if (retryAfter === null) return Math.min(FIRST_WAIT_MS * 2 ** retries, LONGEST_WAIT_MS) * jitter;
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  return Math.max(0, Number.isNaN(ms) ? FIRST_WAIT_MS : ms) * jitter;
}

/** @throws what the signal was aborted with */
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
