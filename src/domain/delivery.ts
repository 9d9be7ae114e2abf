/**
 * The life of a delivery.
 *
 *     pending ──2xx──▶ delivered
 *        ├──a final answer, or the schedule ran out──▶ failed
 *     skipped (from the start: the URL can't be called)
 */
export type DeliveryState = 'pending' | 'delivered' | 'failed' | 'skipped';

/** One HTTP try; `at` is its start, `status` null where no answer came. */
export interface DeliveryTry {
  readonly at: Date;
  readonly status: number | null;
  readonly durationMs: number;
  readonly error: string | null;
}

/** Everything a try needs, read from the delivery's row. */
export interface PendingDelivery {
  readonly id: string;
  readonly url: string;
  /** Exact bytes of every try. */
  readonly body: string;
  readonly tries: number;
  /** The start event of the same attempt, if it is still waiting for its first try: its due time. */
  readonly startEventDueAt: Date | null;
}

/** The terminal event is first tried after onStart's first try has ended, at the latest this long after that was due. */
export const START_EVENT_GRACE_MS = 10_000;

/** A delivery that no workflow has taken over this long after its event is handed to one of its own. */
export const HANDOVER_GRACE_S = 60;
