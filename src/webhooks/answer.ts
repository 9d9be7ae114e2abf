import type { Dispatcher } from 'undici';
import { parseRetryAfter } from './retry-schedule.ts';
import { asTlsFault, isTlsError, TlsFault } from '../network/tls-fault.ts';

/** This much is kept for the delivery log. */
const MAX_EXCERPT_BYTES = 4 * 1024;

/**
 * The beginning of a body as text; null if it has none. Reading stops at the answer's budget or when
 * the try's time is over. A body that is read to its end leaves its connection for the next try.
 */
export async function readExcerpt(body: Dispatcher.ResponseData['body']): Promise<string | null> {
  const kept: Uint8Array[] = [];
  let keptBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      const part = chunk.subarray(0, MAX_EXCERPT_BYTES - keptBytes);
      kept.push(part);
      keptBytes += part.length;
    }
  } catch {
    // The receiver's status counts, even if the rest of its answer is lost.
  }
  // Postgres can store any text but this character.
  const text = Buffer.concat(kept).toString('utf8').replaceAll('\0', '');
  return text === '' ? null : text;
}

/** 2xx is delivered; 408, 429 and 5xx are worth another try; every other status is final. */
export function classifyResponse({ statusCode: status, headers }: Dispatcher.ResponseData) {
  if (status >= 200 && status < 300)
    return { status, error: null, reason: null, outcome: 'delivered', retryAfterMs: null } as const;
  const error = `http_${status}`;
  if (status !== 408 && status !== 429 && status < 500) {
    return { status, error, reason: null, outcome: 'give_up', retryAfterMs: null } as const;
  }
  const [retryAfter, sentAt] = ['retry-after', 'date'].map((name) => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  });
  const retryAfterMs = parseRetryAfter(retryAfter, sentAt);
  return { status, error, reason: null, outcome: 'retry', retryAfterMs } as const;
}

const NETWORK_ERRORS: Record<string, string> = {
  address_forbidden: 'address_forbidden',
  invalid_response: 'invalid_response',
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

/**
 * A short code for the log, and the reason in words where the code alone does not tell what is wrong. The texts of libraries
 * may quote the URL, so they are not shown.
 */
export function describeNetworkError(error: unknown): { error: string; reason: string | null } {
  // A receiver may refuse our side of the handshake after we have taken its own.
  const fault = isTlsError(error) ? asTlsFault(error) : error;
  if (fault instanceof TlsFault) return { error: fault.code, reason: fault.message };
  return { error: networkErrorCode(error), reason: null };
}

function networkErrorCode(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string };
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout';
  if (name === 'HTTPParserError' || code?.startsWith('HPE_')) return 'invalid_response';
  return NETWORK_ERRORS[code ?? ''] ?? 'network_error';
}
