import { randomBytes } from 'node:crypto';
import { Agent, type Dispatcher, request } from 'undici';
import type { DeliveryEndpoint } from '../domain/delivery.ts';
import type { TryResult, WebhookSender } from '../domain/webhook-ports.ts';
import type { AddressGuard } from './address-guard.ts';
import { createEndpointStats } from './endpoint-stats.ts';
import { AddressForbiddenError, createGuardedConnect, type Lookup } from './guarded-connect.ts';
import { createOriginGate } from './origin-gate.ts';
import { nextTryInMs, parseRetryAfter } from './retry-schedule.ts';
import type { SecretBox } from './secret-box.ts';
import { SECRET_BYTES, signatureHeaders } from './sign.ts';

/** Of a response this much is read, so that the connection can be used again; of more the connection is cut. */
const MAX_RESPONSE_BYTES = 64 * 1024;
/** This much is kept, for whoever looks into the delivery log. */
const MAX_EXCERPT_BYTES = 4 * 1024;

const CONNECT_TIMEOUT_MS = 10_000;

export interface WebhookSenderDeps {
  readonly secretBox: SecretBox;
  /** Which addresses may be connected to. */
  readonly isAllowed: AddressGuard;
  readonly lookup: Lookup;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Sends webhooks. Redirects are not followed (3xx is a failure), and nothing of a URL reaches an error text. */
export function createWebhookSender({
  secretBox,
  isAllowed,
  lookup,
  now,
  random,
}: WebhookSenderDeps): WebhookSender & { close(): Promise<void> } {
  const agent = new Agent({
    connections: 64,
    pipelining: 1,
    connect: createGuardedConnect(isAllowed, { lookup, timeoutMs: CONNECT_TIMEOUT_MS }),
    maxHeaderSize: 16 * 1024,
  });
  const stats = createEndpointStats();
  const gate = createOriginGate({ now, random });

  async function post({
    id,
    url,
    body,
    endpointId,
    endpoint,
    timeoutMs,
  }: Parameters<WebhookSender['send']>[0]): Promise<TryResult> {
    const begin = now();
    const elapsedMs = () => Math.max(0, Math.round(now() - begin));
    const secrets = openSecrets(endpointId, endpoint);
    // `bodyTimeout` is only an idle timer: the whole try has one deadline.
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await request(url, {
        method: 'POST',
        dispatcher: agent,
        signal,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Validatr',
          ...signatureHeaders({ id, body, at: new Date(begin) }, secrets),
        },
        body,
      });
      const excerpt = await readExcerpt(response.body);
      return { durationMs: elapsedMs(), excerpt, ...judge(response, now()) };
    } catch (error) {
      return {
        status: null,
        durationMs: elapsedMs(),
        excerpt: null,
        error: networkErrorCode(error),
        verdict: error instanceof AddressForbiddenError ? 'give_up' : 'retry',
        retryAfterMs: null,
      };
    }
  }

  function openSecrets(endpointId: string, { secrets }: DeliveryEndpoint): Uint8Array[] {
    return secrets.flatMap((sealed, age) => {
      try {
        return [secretBox.open(sealed, endpointId)];
      } catch (error) {
        // Without the newest nothing can be signed. One before it may be of a key that is gone: it only helped to verify.
        if (age === 0) throw error;
        return [];
      }
    });
  }

  return {
    makeSecret: (endpointId) => secretBox.seal(randomBytes(SECRET_BYTES), endpointId),

    blockedForMs: gate.blockedForMs,

    reserve(url) {
      const entered = gate.enter(url);
      return typeof entered === 'number'
        ? { outcome: 'blocked', waitMs: entered }
        : { outcome: 'turn', end: entered };
    },

    async reserveInLine(url) {
      const waitMs = gate.blockedForMs(url);
      if (waitMs > 0) return { outcome: 'blocked', waitMs };
      const endTurn = await stats.reserve(url);
      if (endTurn === null) return { outcome: 'not_in_line' };
      const entered = gate.enter(url);
      if (typeof entered !== 'number') {
        return {
          outcome: 'turn',
          end() {
            entered();
            endTurn();
          },
        };
      }
      endTurn();
      return { outcome: 'blocked', waitMs: entered };
    },

    async send(try_) {
      const result = await post(try_);
      stats.recordDuration(try_.url, result.durationMs);
      gate.record(try_.url, result.status !== null && result.status < 500 && result.status !== 429);
      return result;
    },

    nextTryInMs: (tries, retryAfterMs) => nextTryInMs(tries, retryAfterMs, random()),
    close: () => agent.destroy(),
  };
}

/** The beginning of a body as text; null if it has none. Reading stops at the limit or when the try's time is over. */
async function readExcerpt(body: Dispatcher.ResponseData['body']): Promise<string | null> {
  const kept: Uint8Array[] = [];
  let keptBytes = 0;
  let readBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      const part = chunk.subarray(0, MAX_EXCERPT_BYTES - keptBytes);
      kept.push(part);
      keptBytes += part.length;
      readBytes += chunk.length;
      // Leaving the loop destroys the stream, and with it the connection.
      if (readBytes > MAX_RESPONSE_BYTES) break;
    }
  } catch {
    // The receiver's status stands, whatever became of the rest of its answer.
  }
  // Postgres can store any text but this character.
  const text = Buffer.concat(kept).toString('utf8').replaceAll('\0', '');
  return text === '' ? null : text;
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
  address_forbidden: 'address_forbidden',
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
