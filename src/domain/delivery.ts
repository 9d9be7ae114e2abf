import { NOTIFICATION_KEYS } from './asset.ts';

/**
 * The life of a delivery.
 *
 *     pending ──2xx──▶ delivered
 *        ├──a final answer, the schedule ran out, or the endpoint is disabled──▶ failed
 *     skipped (from the start: the URL can't be called)
 *
 * A replay makes a delivered or failed one pending again, under the same id and with the same body.
 */
export const DELIVERY_STATES = ['pending', 'delivered', 'failed', 'skipped'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/**
 * Why a delivery failed.
 * - `rejected`: an answer that no further try will change (3xx, most 4xx).
 * - `exhausted`: every try of the schedule failed.
 * - `endpoint_gone`: the receiver answered 410, which disables its endpoint.
 * - `endpoint_disabled`: the endpoint was disabled before this delivery's turn came; nothing was sent.
 * - `endpoint_limit`: its endpoint would have been one more than its tenant may have; nothing was sent.
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

/** The notification keys, and `test` for what someone sends to try a receiver. */
export const DELIVERY_EVENTS = [...NOTIFICATION_KEYS, 'test'] as const;
export type DeliveryEvent = (typeof DELIVERY_EVENTS)[number];

/** One HTTP try; `at` is its start, `status` null where no answer came, `excerpt` the beginning of the answer's body. */
export interface DeliveryTry {
  readonly at: Date;
  readonly status: number | null;
  readonly durationMs: number;
  readonly error: string | null;
  readonly excerpt: string | null;
}

/** Everything a try needs, read from the delivery's row. */
export interface PendingDelivery {
  readonly id: string;
  /** Its tenant. */
  readonly tenant: string;
  readonly url: string;
  /** Exact bytes of every try. */
  readonly body: string;
  /** HTTP tries made since the delivery was due, or since its last replay. */
  readonly tries: number;
  /** How often it was replayed: tells a try of this round from one that a replay has overtaken. */
  readonly round: number;
  /** The start event of the same attempt, if it is still waiting for its first try: its due time. */
  readonly startEventDueAt: Date | null;
  readonly endpointId: string;
  /** Null before the endpoint's first use. */
  readonly endpoint: DeliveryEndpoint | null;
}

export interface DeliveryEndpoint {
  readonly isDisabled: boolean;
  /** It took an event, or answered a challenge. */
  readonly isVerified: boolean;
  /** Sealed; the newest first, then the one before it while a rotation lasts. */
  readonly secrets: readonly Uint8Array[];
}

/**
 * The life of an endpoint: (tenant, URL without query and fragment).
 *
 *     enabled ──410──▶ disabled (gone)
 *        │  └──120 h of nothing but failures──▶ disabled (failing)
 *        └──◀──an operator enables it again──┘
 */
export const DISABLED_BECAUSE = ['gone', 'failing'] as const;
export type DisabledBecause = (typeof DISABLED_BECAUSE)[number];

/** Nothing but failures for this long disables an endpoint. */
export const DISABLE_AFTER_FAILING_H = 120;

/** After a rotation events are signed with the old secret too for this long. */
export const SECRET_OVERLAP_H = 24;

/** The terminal event is first tried after onStart's first try has ended, at the latest this long after that was due. */
export const START_EVENT_GRACE_MS = 10_000;

/** A delivery that no one has looked after this long after its event is handed to a workflow of its own. */
export const HANDOVER_GRACE_S = 60;
