import { randomBytes } from 'node:crypto';
import { Agent, request } from 'undici';
import type { DeliveryEndpoint } from '../domain/delivery.ts';
import type { TryResult, WebhookSender } from '../domain/webhook-ports.ts';
import type { AddressGuard } from './address-guard.ts';
import { judge, networkErrorCode, readExcerpt } from './answer.ts';
import { AddressForbiddenError, createGuardedConnect, type Lookup } from './guarded-connect.ts';
import { nextTryInMs } from './retry-schedule.ts';
import type { SecretBox } from './secret-box.ts';
import { SECRET_BYTES, signatureHeaders } from './sign.ts';
import { createTurns, type TurnsDeps } from './turns.ts';

const CONNECT_TIMEOUT_MS = 10_000;

export interface WebhookSenderDeps extends TurnsDeps {
  readonly secretBox: SecretBox;
  /** Which addresses may be connected to. */
  readonly isAllowed: AddressGuard;
  readonly lookup: Lookup;
}

/** Sends webhooks. Redirects are not followed (3xx is a failure), and nothing of a URL reaches an error text. */
export function createWebhookSender({
  secretBox,
  isAllowed,
  lookup,
  ...pace
}: WebhookSenderDeps): WebhookSender & { close(): Promise<void> } {
  const agent = new Agent({
    connections: 64,
    pipelining: 1,
    connect: createGuardedConnect(isAllowed, { lookup, timeoutMs: CONNECT_TIMEOUT_MS }),
    maxHeaderSize: 16 * 1024,
  });
  const { now, random } = pace;
  const { record, ...turns } = createTurns(pace);

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

    ...turns,

    async send(try_) {
      const result = await post(try_);
      const { status, durationMs } = result;
      record(try_.url, { durationMs, isAlive: status !== null && status < 500 && status !== 429 });
      return result;
    },

    nextTryInMs: (tries, retryAfterMs) => nextTryInMs(tries, retryAfterMs, random()),
    close: () => agent.destroy(),
  };
}
