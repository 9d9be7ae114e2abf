import type { DeliveryFailure, DeliveryState, PendingDelivery } from '../src/domain/delivery.ts';
import { describeHttpUrl } from '../src/domain/http/http-url.ts';
import type { TryResult } from '../src/domain/ports/webhooks.ts';
import type { ActivityDeps } from './deps.ts';

/** Time limit of the first try, which is made in line with the validation. */
const FIRST_TRY_TIMEOUT_MS = 1_000;
const TRY_TIMEOUT_MS = 10_000;

/** Time between two checks of the terminal event whether onStart has been tried. */
const LOOK_AGAIN_MS = 500;

/**
 * `done`: the caller has nothing left to do for the delivery. `later`: the
 * caller comes again after `waitMs` milliseconds.
 */
export type SendOutcome =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'later'; readonly waitMs: number };

const done: SendOutcome = { outcome: 'done' };

type Deps = Pick<ActivityDeps, 'deliveries' | 'webhooks'> & Partial<Pick<ActivityDeps, 'onWebhookFailed'>>;

export function createSendWebhook({ deliveries, webhooks, onWebhookFailed = () => undefined }: Deps) {
  /** No try may be made. */
  async function failUntried(
    { id: deliveryId, tenant, url }: PendingDelivery,
    failure: 'endpoint_disabled' | 'endpoint_limit',
  ): Promise<void> {
    await deliveries.failUntried(deliveryId, failure);
    const receiver = describeHttpUrl(url);
    onWebhookFailed({
      deliveryId,
      tenant,
      receiver,
      try: 0,
      status: null,
      error: failure,
      reason: null,
      nextTryInMs: null,
    });
  }

  async function tryOnce(delivery: PendingDelivery, timeoutMs: number): Promise<SendOutcome> {
    const { id, tenant, url, body, endpointId } = delivery;
    const endpoint =
      delivery.endpoint ?? (await deliveries.createEndpoint(id, webhooks.makeSecret(endpointId)));
    if (endpoint === null) {
      await failUntried(delivery, 'endpoint_limit');
      return done;
    }
    const onVerified = () => deliveries.markVerified(endpointId);
    const result = await webhooks.send({
      id,
      tenant,
      url,
      body,
      endpointId,
      endpoint,
      timeoutMs,
      onVerified,
    });
    const waitMs =
      result.outcome === 'retry' ? webhooks.nextTryInMs(delivery.tries + 1, result.retryAfterMs) : null;
    const { status, durationMs, error, reason, excerpt } = result;
    const { state, failure } = endAfter(result, waitMs);
    const tryMade = { status, durationMs, error, reason, excerpt };
    await deliveries.recordTry(delivery, tryMade, state, failure, waitMs);
    if (result.outcome !== 'delivered')
      onWebhookFailed({
        deliveryId: id,
        tenant,
        receiver: describeHttpUrl(url),
        try: delivery.tries + 1,
        status,
        error,
        reason,
        nextTryInMs: waitMs,
      });
    return waitMs === null ? done : { outcome: 'later', waitMs };
  }

  /** The delivery. Null if there is nothing to send any more. */
  async function findSendable(deliveryId: string): Promise<PendingDelivery | null> {
    const delivery = await deliveries.findPending(deliveryId);
    if (delivery?.endpoint?.isDisabled !== true) return delivery;
    await failUntried(delivery, 'endpoint_disabled');
    return null;
  }

  return {
    /**
     * The first try, in line with the validation. It is short, and it is made only if it delays nothing. `later`
     * hands the delivery to a workflow of its own. If nothing can be done for a while (the try failed, or its
     * receiver gets none now), a workflow would only wait. So the delivery goes back to its row, and the
     * dispatcher starts a workflow when it is due.
     */
    async tryWebhookOnce({ deliveryId }: { deliveryId: string }): Promise<SendOutcome> {
      const delivery = await findSendable(deliveryId);
      if (delivery === null) return done;
      const { startEventWaitMs: startEventMs } = delivery;
      const blockedMs = webhooks.blockedForMs(delivery);
      if (blockedMs > 0) return park(deliveryId, Math.max(blockedMs, startEventMs));
      if (startEventMs > 0) {
        await deliveries.parkUntilStartEvent(deliveryId, startEventMs);
        return done;
      }

      const turn = await webhooks.reserveInLine(delivery);
      if (turn.outcome === 'blocked') return park(deliveryId, turn.waitMs);
      if (turn.outcome === 'not_in_line') return { outcome: 'later', waitMs: 0 };
      const tried = await tryOnce(delivery, FIRST_TRY_TIMEOUT_MS).finally(turn.end);
      return tried.outcome === 'later' ? park(deliveryId, tried.waitMs) : done;
    },

    /** One try on the schedule of `deliverWebhook`. */
    async sendWebhook({ deliveryId }: { deliveryId: string }): Promise<SendOutcome> {
      const delivery = await findSendable(deliveryId);
      if (delivery === null) return done;
      await deliveries.markHandedOver(deliveryId);
      const { startEventWaitMs: startEventMs } = delivery;
      if (startEventMs > 0) return { outcome: 'later', waitMs: Math.min(startEventMs, LOOK_AGAIN_MS) };
      const turn = webhooks.reserve(delivery);
      if (turn.outcome === 'blocked') {
        // Deliveries above the tenant's tries of this minute go back to their rows. Otherwise
        // each of them would be a sleeping workflow.
        return turn.by === 'tenant'
          ? park(deliveryId, turn.waitMs)
          : { outcome: 'later', waitMs: turn.waitMs };
      }
      return tryOnce(delivery, TRY_TIMEOUT_MS).finally(turn.end);
    },
  };

  async function park(deliveryId: string, waitMs: number): Promise<SendOutcome> {
    await deliveries.park(deliveryId, waitMs);
    return done;
  }
}

const GONE = 410;

function endAfter(
  { outcome, status }: TryResult,
  waitMs: number | null,
): { state: DeliveryState; failure: DeliveryFailure | null } {
  if (outcome === 'delivered') return { state: 'delivered', failure: null };
  if (waitMs !== null) return { state: 'pending', failure: null };
  if (status === GONE) return { state: 'failed', failure: 'endpoint_gone' };
  return { state: 'failed', failure: outcome === 'give_up' ? 'rejected' : 'exhausted' };
}
