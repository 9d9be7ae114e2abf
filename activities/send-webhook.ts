import { type DeliveryState, type PendingDelivery, START_EVENT_GRACE_MS } from '../src/domain/delivery.ts';

import type { TryResult } from '../src/domain/ports.ts';
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
    const at = new Date();
    const result = await webhooks.send({
      id: delivery.id,
      url: delivery.url,
      body: delivery.body,
      timeoutMs,
    });
    const waitMs =
      result.verdict === 'retry' ? webhooks.nextTryInMs(delivery.tries + 1, result.retryAfterMs) : null;
    const { status, durationMs, error } = result;
    await deliveries.recordTry(delivery.id, { at, status, durationMs, error }, stateAfter(result, waitMs));
    return waitMs === null ? done : { outcome: 'later', waitMs };
  }

  return {
    /**
     * The first try, in line with the validation: short, and only where it can't hold anything up. `later` hands the
     * delivery to a workflow of its own.
     */
    async tryWebhookOnce({ deliveryId }: { deliveryId: string }): Promise<SendOutcome> {
      const delivery = await deliveries.findPending(deliveryId);
      if (delivery === null) return done;
      const endTurn = waitForStartEventMs(delivery) > 0 ? null : await webhooks.reserveInLine(delivery.url);
      if (endTurn === null) return { outcome: 'later', waitMs: 0 };
      return tryOnce(delivery, FIRST_TRY_TIMEOUT_MS).finally(endTurn);
    },

    /** One try on the schedule of `deliverWebhook`. */
    async sendWebhook({ deliveryId }: { deliveryId: string }): Promise<SendOutcome> {
      const delivery = await deliveries.findPending(deliveryId);
      if (delivery === null) return done;
      await deliveries.markHandedOver(deliveryId);
      const waitMs = waitForStartEventMs(delivery);
      if (waitMs > 0) return { outcome: 'later', waitMs: Math.min(waitMs, LOOK_AGAIN_MS) };
      return tryOnce(delivery, TRY_TIMEOUT_MS);
    },
  };
}

/** The terminal event follows onStart's first try, or its due time by ten seconds. */
function waitForStartEventMs({ startEventDueAt }: PendingDelivery): number {
  if (startEventDueAt === null) return 0;
  return Math.max(0, startEventDueAt.getTime() + START_EVENT_GRACE_MS - Date.now());
}

function stateAfter({ verdict }: TryResult, waitMs: number | null): DeliveryState {
  if (verdict === 'delivered') return 'delivered';
  return waitMs === null ? 'failed' : 'pending';
}
