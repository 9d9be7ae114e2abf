import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import type { DeliveryEndpoint } from '../domain/delivery.ts';
import type { TryResult, WebhookSender } from '../domain/ports/webhooks.ts';
import type { AddressGuard } from '../network/address-guard.ts';
import { classifyResponse, describeNetworkError, readExcerpt } from './answer.ts';
import { isAnswered, makeChallenge } from './challenge.ts';
import { AddressForbiddenError } from '../network/guarded-connect.ts';
import type { Lookup } from '../network/names/lookup.ts';
import { nextTryInMs } from './retry-schedule.ts';
import type { SecretBox } from './secret-box.ts';
import { SECRET_BYTES, signatureHeaders } from './sign.ts';
import { createTenantAgents } from './tenant-agents.ts';
import { createTurns, type TurnsDeps } from './turns.ts';

const GONE = 410;

export interface WebhookSenderDeps extends TurnsDeps {
  readonly secretBox: SecretBox;
  readonly isAllowed: AddressGuard;
  readonly lookup: Lookup;
}

/** One request, without the time it took. */
type Exchange = Omit<TryResult, 'durationMs'>;

/** Sends webhooks. Redirects are not followed (3xx is a failure). No part of a URL reaches an error text. */
export function createWebhookSender({
  secretBox,
  isAllowed,
  lookup,
  ...turnsDeps
}: WebhookSenderDeps): WebhookSender & { close(): Promise<void> } {
  const agents = createTenantAgents({ isAllowed, lookup });
  const { now, random } = turnsDeps;
  const { record, needsProof, ...turns } = createTurns(turnsDeps);

  async function post(
    url: string,
    { id, body }: { id: string; body: string },
    { tenant, secrets, signal }: { tenant: string; secrets: readonly Uint8Array[]; signal: AbortSignal },
  ): Promise<Exchange> {
    try {
      const response = await request(url, {
        method: 'POST',
        ...(await agents.ready(url, { tenant, signal })),
        signal,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Validatr',
          ...signatureHeaders({ id, body, at: new Date() }, secrets),
        },
        body,
      });
      const excerpt = await readExcerpt(response.body);
      return { excerpt, ...classifyResponse(response) };
    } catch (error) {
      return {
        status: null,
        excerpt: null,
        ...describeNetworkError(error),
        outcome: error instanceof AddressForbiddenError ? 'give_up' : 'retry',
        retryAfterMs: null,
      };
    }
  }

  /** Null if the receiver proved that it wants our events. Otherwise the try ends with this result. */
  async function challenge(url: string, context: Parameters<typeof post>[2]): Promise<Exchange | null> {
    const asked = makeChallenge();
    const answer = await post(url, asked, context);
    if (isAnswered(asked, answer)) return null;
    // There was no answer, so the error of the connection is the result.
    if (answer.status === null) return answer;
    // A receiver may be ready later. A receiver that is gone for good may say so here, too.
    const outcome = answer.status === GONE ? 'give_up' : 'retry';
    return { ...answer, outcome, error: 'challenge_unanswered' };
  }

  function openSecrets(endpointId: string, { secrets }: DeliveryEndpoint): Uint8Array[] {
    return secrets.flatMap((sealed, age) => {
      try {
        return [secretBox.open(sealed, endpointId)];
      } catch (error) {
        // The newest secret is needed to sign. The one before it only helps to verify, so it may be missing.
        if (age === 0) throw error;
        return [];
      }
    });
  }

  return {
    makeSecret: (endpointId) => secretBox.seal(randomBytes(SECRET_BYTES), endpointId),

    ...turns,

    async send({ url, tenant, endpointId, endpoint, timeoutMs, onVerified, ...event }) {
      const begin = now();
      // One deadline for the whole try, the challenge included. `bodyTimeout` is only an idle timer.
      const context = {
        tenant,
        secrets: openSecrets(endpointId, endpoint),
        signal: AbortSignal.timeout(timeoutMs),
      };
      const isChallenged = needsProof({ endpoint });
      const unproven = isChallenged ? await challenge(url, context) : null;
      if (isChallenged && unproven === null) await onVerified();
      const exchange = unproven ?? (await post(url, event, context));
      const result = { ...exchange, durationMs: Math.max(0, Math.round(now() - begin)) };
      record({ url, tenant, endpointId }, result, isChallenged ? unproven === null : null);
      return result;
    },

    nextTryInMs: (tries, retryAfterMs) => nextTryInMs(tries, retryAfterMs, random()),
    close: agents.destroy,
  };
}
