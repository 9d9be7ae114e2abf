import { Agent, type Dispatcher, request } from 'undici';
import type { TryResult, WebhookSender } from '../domain/ports.ts';
import { createEndpointStats } from './endpoint-stats.ts';
import { nextTryInMs, parseRetryAfter } from './retry-schedule.ts';

/** Of a response this much is read, so that the connection can be used again; of more the connection is cut. */
const MAX_RESPONSE_BYTES = 64 * 1024;

export interface WebhookSenderDeps {
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Sends webhooks. Redirects are not followed (3xx is a failure), and nothing of a URL reaches an error text. */
export function createWebhookSender({
  now,
  random,
}: WebhookSenderDeps): WebhookSender & { close(): Promise<void> } {
  const agent = new Agent({
    connections: 64,
    pipelining: 1,
    connect: { timeout: 10_000 },
    maxHeaderSize: 16 * 1024,
  });
  const stats = createEndpointStats();

  async function post({
    id,
    url,
    body,
    timeoutMs,
  }: Parameters<WebhookSender['send']>[0]): Promise<TryResult> {
    const begin = now();
    // `bodyTimeout` is only an idle timer: the whole try has one deadline.
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await request(url, {
        method: 'POST',
        dispatcher: agent,
        signal,
        headers: { 'content-type': 'application/json', 'user-agent': 'Validatr', 'webhook-id': id },
        body,
      });
      await response.body.dump({ limit: MAX_RESPONSE_BYTES, signal }).catch(() => undefined);
      return { durationMs: Math.round(now() - begin), ...judge(response, now()) };
    } catch (error) {
      const durationMs = Math.round(now() - begin);
      return {
        status: null,
        durationMs,
        error: networkErrorCode(error),
        verdict: 'retry',
        retryAfterMs: null,
      };
    }
  }

  return {
    reserveInLine: (url) => stats.reserve(url),

    async send(try_) {
      const result = await post(try_);
      stats.recordDuration(try_.url, result.durationMs);
      return result;
    },

    nextTryInMs: (tries, retryAfterMs) => nextTryInMs(tries, retryAfterMs, random()),
    close: () => agent.destroy(),
  };
}

/** 2xx is delivered; 408, 429 and 5xx are worth another try; the rest is the receiver's final word. */
function judge({ statusCode: status, headers }: Dispatcher.ResponseData, nowMs: number) {
  if (status >= 200 && status < 300)
    return { status, error: null, verdict: 'delivered', retryAfterMs: null } as const;
  const error = `http_${status}`;
  if (status !== 408 && status !== 429 && status < 500) {
    return { status, error, verdict: 'give_up', retryAfterMs: null } as const;
  }
  const header = headers['retry-after'];
  const retryAfterMs = parseRetryAfter(Array.isArray(header) ? header[0] : header, nowMs);
  return { status, error, verdict: 'retry', retryAfterMs } as const;
}

const NETWORK_ERRORS: Record<string, string> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  ENOTFOUND: 'name_not_found',
  EAI_AGAIN: 'name_not_found',
  EHOSTUNREACH: 'host_unreachable',
  ENETUNREACH: 'host_unreachable',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_SOCKET: 'connection_reset',
  UND_ERR_HEADERS_OVERFLOW: 'invalid_response',
};

/** A short code; library texts may quote the URL. */
function networkErrorCode(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string };
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout';
  if (name === 'HTTPParserError' || code?.startsWith('HPE_')) return 'invalid_response';
  if (code?.startsWith('ERR_TLS') || code?.startsWith('CERT') || code?.includes('SELF_SIGNED'))
    return 'tls_error';
  return NETWORK_ERRORS[code ?? ''] ?? 'network_error';
}
