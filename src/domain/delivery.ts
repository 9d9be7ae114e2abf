import { NOTIFICATION_KEYS } from './asset.ts';

/**
 * The life of a delivery.
 *
 *     pending ──2xx──▶ delivered
 *        ├──a final answer, the schedule ran out, or the endpoint is disabled──▶ failed
 *     skipped (from the start, because the URL is not valid)
 *
 * A replay makes a delivered or failed delivery pending again, under the same id and with the same body.
 */
export const DELIVERY_STATES = ['pending', 'delivered', 'failed', 'skipped'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/**
 * Why a delivery failed.
 * - `rejected`: an answer that no further try will change (3xx, most 4xx).
 * - `exhausted`: every try of the schedule failed.
 * - `endpoint_gone`: the receiver answered 410, which disables its endpoint.
 * - `endpoint_disabled`: the endpoint was disabled before this delivery's turn came, so nothing was sent.
 * - `endpoint_limit`: the tenant already has its maximum number of endpoints, so nothing was sent.
 * - `stopped`: an operator terminated or cancelled its workflow.
 */
export const DELIVERY_FAILURES = [
  'rejected',
  'exhausted',
  'endpoint_gone',
  'endpoint_disabled',
  'endpoint_limit',
  'stopped',
] as const;
export type DeliveryFailure = (typeof DELIVERY_FAILURES)[number];

/** The notification keys, and `test` for an event that a user sends to try a receiver. */
export const DELIVERY_EVENTS = [...NOTIFICATION_KEYS, 'test'] as const;
export type DeliveryEvent = (typeof DELIVERY_EVENTS)[number];

/** One HTTP try. `at` is its start. `status` is null if no answer came. `excerpt` is the beginning of the answer's body. */
export interface DeliveryTry {
  readonly at: Date;
  readonly status: number | null;
  readonly durationMs: number;
  readonly error: string | null;
  /** What is wrong, in words, where `error` alone does not tell. */
  readonly reason: string | null;
  readonly excerpt: string | null;
}

/** A try to record right after its end. The database's clock gives it its time, as it does for all times of the log. */
export type TryMade = Omit<DeliveryTry, 'at'>;

/** Everything a try needs, read from the delivery's row. */
export interface PendingDelivery {
  readonly id: string;
  readonly tenant: string;
  readonly url: string;
  /** Every try sends exactly this text. */
  readonly body: string;
  /** HTTP tries made since the delivery was due, or since its last replay. */
  readonly tries: number;
  /** Number of replays. It tells a try of this round from a late try of an earlier round. */
  readonly round: number;
  /**
   * Milliseconds that the event still waits for the first try of its attempt's onStart, by the database's clock. 0 once that try
   * was made, or `START_EVENT_GRACE_MS` after onStart was due.
   */
  readonly startEventWaitMs: number;
  readonly endpointId: string;
  /** The tries in a minute that an operator has set for the tenant. Null: those of the settings. */
  readonly eventsPerMinute: number | null;
  /** Null before the endpoint's first use. */
  readonly endpoint: DeliveryEndpoint | null;
}

export interface DeliveryEndpoint {
  readonly isDisabled: boolean;
  /** The endpoint has accepted an event or answered a challenge. */
  readonly isVerified: boolean;
  /** Sealed secrets, newest first. During a rotation the previous secret follows. */
  readonly secrets: readonly Uint8Array[];
}

/**
 * The life of an endpoint. An endpoint is a tenant and a URL without query and fragment.
 *
 *     enabled ──410──▶ disabled (gone)
 *        │  └──120 h of nothing but failures──▶ disabled (failing)
 *        └──◀──an operator enables it again──┘
 */
export const DISABLED_BECAUSE = ['gone', 'failing'] as const;
export type DisabledBecause = (typeof DISABLED_BECAUSE)[number];

/** An endpoint whose tries all fail for this long is disabled. */
export const DISABLE_AFTER_FAILING_H = 120;

/** Events are signed with the old secret too for this long after a rotation. */
export const SECRET_OVERLAP_H = 24;

/** The terminal event waits for the end of onStart's first try, but at most until this long after onStart was due. */
export const START_EVENT_GRACE_MS = 10_000;

/**
 * A pending delivery can be replayed again only this long after its last replay. Each replay may signal the delivery's workflow, and
 * Temporal takes at most 10,000 signals for one run. Without a worker, so many replays would take 83 h.
 */
export const REPLAY_PAUSE_S = 30;

/** If nothing has handled a delivery this long after its event, the delivery gets a workflow of its own. */
export const HANDOVER_GRACE_S = 60;
