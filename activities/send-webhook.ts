import {
  type DeliveryFailure,
  type DeliveryState,
  type PendingDelivery,
  START_EVENT_GRACE_MS,
} from '../src/domain/delivery.ts';
import type { TryResult } from '../src/domain/ports/webhooks.ts';
import type { ActivityDeps } from './deps.ts';

/** What a first, in-line try may take. */
const FIRST_TRY_TIMEOUT_MS = 1_000;
const TRY_TIMEOUT_MS = 10_000;

/** How often the terminal event looks whether onStart has been tried. */
const LOOK_AGAIN_MS = 500;

/** `done`: nothing is left to do for the delivery. `later`: come again after so many milliseconds. */
export type SendOutcome =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'later'; readonly waitMs: number };

const done: SendOutcome = { outcome: 'done' };

export function createSendWebhook({ deliveries, webhooks }: Pick<ActivityDeps, 'deliveries' | 'webhooks'>) {
  async function tryOnce(delivery: PendingDelivery, timeoutMs: number): Promise<SendOutcome> {
    const { id, tenant, url, body, endpointId } = delivery;
    const endpoint =
      delivery.endpoint ?? (await deliveries.createEndpoint(id, webhooks.makeSecret(endpointId)));
    if (endpoint === null) {
      await deliveries.failUntried(id, 'endpoint_limit');
      return done;
    }
    const at = new Date();
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
    const { status, durationMs, error, excerpt } = result;
    const { state, failure } = endAfter(result, waitMs);
    await deliveries.recordTry(delivery, { at, status, durationMs, error, excerpt }, state, failure);
    return waitMs === null ? done : { outcome: 'later', waitMs };
  }

  /** The delivery if there is still something to send. */
  async function findSendable(deliveryId: string): Promise<PendingDelivery | null> {
    const delivery = await deliveries.findPending(deliveryId);
    if (delivery?.endpoint?.isDisabled !== true) return delivery;
    await deliveries.failUntried(deliveryId, 'endpoint_disabled');
    return null;
  }

  return {
    /**
     * The first try, in line with the validation: short, and only where it can't hold anything up. `later` hands the
     * delivery to a workflow of its own. Where nothing is to be done for a while (the try failed, or its origin gets
     * none now) a workflow would only wait: the dispatcher starts one when the time has come.
     */
    async tryWebhookOnce({ deliveryId }: { deliveryId: string }): Promise<SendOutcome> {
      const delivery = await findSendable(deliveryId);
      if (delivery === null) return done;
      const startEventMs = waitForStartEventMs(delivery);
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
      const startEventMs = waitForStartEventMs(delivery);
      if (startEventMs > 0) return { outcome: 'later', waitMs: Math.min(startEventMs, LOOK_AGAIN_MS) };
      const turn = webhooks.reserve(delivery);
      if (turn.outcome === 'blocked') {
        // A tenant's flood would be as many workflows, asleep: what is over its minute goes back to its row.
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

/** The terminal event follows onStart's first try, or its due time by ten seconds. */
function waitForStartEventMs({ startEventDueAt }: PendingDelivery): number {
  if (startEventDueAt === null) return 0;
  return Math.max(0, startEventDueAt.getTime() + START_EVENT_GRACE_MS - Date.now());
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
