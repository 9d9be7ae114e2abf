import type {
  DeliveryEndpoint,
  DeliveryEvent,
  DeliveryFailure,
  DeliveryState,
  DeliveryTry,
  DisabledBecause,
  PendingDelivery,
} from '../delivery.ts';

/** The tries of deliveries, as those who make them need it. */
export interface DeliveryStore {
  /** Null unless the delivery is still pending. */
  findPending(id: string): Promise<PendingDelivery | null>;
  /**
   * Makes the endpoint of a delivery, with this (sealed) secret, unless another process was quicker. Null if its tenant
   * has as many as it may have.
   */
  createEndpoint(deliveryId: string, secret: Uint8Array): Promise<DeliveryEndpoint | null>;
  /** `failure` goes with the state `failed`. Keeps the endpoint's own record too. */
  recordTry(
    delivery: PendingDelivery,
    tryMade: DeliveryTry,
    state: DeliveryState,
    failure: DeliveryFailure | null,
  ): Promise<void>;
  /** The endpoint has proved that it wants our events. */
  markVerified(endpointId: string): Promise<void>;
  /** Ends a delivery without a try. */
  failUntried(id: string, failure: 'endpoint_disabled' | 'endpoint_limit'): Promise<void>;
  /** A workflow of its own looks after the delivery from now on. */
  markHandedOver(id: string): Promise<void>;
  /** Nobody looks after the delivery: it is due again `afterMs` from now. */
  park(id: string, afterMs: number): Promise<void>;
  /** The same, but due as soon as the first try of the attempt's onStart has been recorded. */
  parkUntilStartEvent(id: string, afterMs: number): Promise<void>;
}

/** One delivery as the log lists it; `assetId` and `attempt` are null for a test event. */
export interface DeliveryEntry {
  readonly id: string;
  readonly assetId: string | null;
  readonly attempt: number | null;
  readonly event: DeliveryEvent;
  readonly endpointId: string;
  readonly url: string;
  readonly state: DeliveryState;
  readonly failure: DeliveryFailure | null;
  readonly createdAt: Date;
  /** When it is looked at next, while no workflow holds it; null otherwise. */
  readonly dueAt: Date | null;
  readonly finishedAt: Date | null;
  readonly tries: readonly DeliveryTry[];
}

/** Which deliveries; what is left out does not restrict. Times are of their creation: `from` included, `to` not. */
export interface DeliveryFilter {
  readonly assetId?: string | undefined;
  readonly endpointId?: string | undefined;
  readonly state?: DeliveryState | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

export interface Endpoint {
  readonly id: string;
  /** Without query and fragment. */
  readonly url: string;
  readonly createdAt: Date;
  /** When it first answered a challenge or took an event. */
  readonly verifiedAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly failingSince: Date | null;
  readonly disabledAt: Date | null;
  readonly disabledBecause: DisabledBecause | null;
}

type ReplayOutcome = 'replayed' | 'not_found' | 'skipped' | 'endpoint_disabled';

/** What people do with the deliveries and endpoints of their tenant. */
export interface DeliveryLog {
  /** Newest first; `before` is the id of the last one seen. */
  list(
    tenant: string,
    filter: DeliveryFilter,
    page: { limit: number; before?: string | undefined },
  ): Promise<DeliveryEntry[]>;
  find(tenant: string, id: string): Promise<DeliveryEntry | null>;
  /** Sends it again under its id, from the beginning of the schedule; one that waits is tried at once. */
  replay(tenant: string, id: string): Promise<ReplayOutcome>;
  /** The same for all that match; those of disabled endpoints are left out. */
  replayAll(tenant: string, filter: DeliveryFilter): Promise<{ replayed: number; leftOut: number }>;
  /** Sends a test event; `url` is a valid one. */
  sendTest(tenant: string, url: string): Promise<{ id: string; endpointId: string }>;
  listEndpoints(tenant: string): Promise<Endpoint[]>;
  /** By id, or by any URL of it. */
  findEndpoint(tenant: string, idOrUrl: string): Promise<Endpoint | null>;
  /** False if it is enabled already. */
  enable(tenant: string, endpointId: string): Promise<boolean>;
}

/** Secrets of endpoints, sealed. */
export interface EndpointSecrets {
  /** The id of the endpoint that a URL belongs to. */
  endpointIdOf(tenant: string, url: string): Promise<string>;
  /** The secrets in force, the newest first; made with `secret` if there are none. */
  readOrCreate(tenant: string, url: string, secret: Uint8Array): Promise<readonly Uint8Array[]>;
  /**
   * `secret` is the newest from now on; the one before it stays in force for 24 h. Null, and nothing is changed, while an
   * earlier rotation lasts: receivers may still verify with the secret that would be dropped. `force` drops it.
   */
  rotate(
    tenant: string,
    url: string,
    secret: Uint8Array,
    force: boolean,
  ): Promise<readonly Uint8Array[] | null>;
}

/** What a connection to a host name, or an address as it stands in a URL, would come to; `unknown` where nobody can say right now. */
export type JudgeHost = (hostname: string) => Promise<'allowed' | 'forbidden' | 'unknown'>;

/** How one HTTP try ended. */
export interface TryResult {
  /** Null where no answer came. */
  readonly status: number | null;
  readonly durationMs: number;
  /** The beginning of the answer's body. */
  readonly excerpt: string | null;
  /** Null for a 2xx (of an event). A code, never the URL: `http_500`, `timeout`, `challenge_unanswered`, … */
  readonly error: string | null;
  readonly outcome: 'delivered' | 'retry' | 'give_up';
  /** What the receiver asked for in Retry-After, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** Whose try it would be, and where to. */
export type TryTarget = Pick<PendingDelivery, 'tenant' | 'url' | 'endpointId'> & {
  /** Missing where it is not known. */
  readonly endpoint?: PendingDelivery['endpoint'];
};

/** Leave for a try. `blocked`: not now; ask again after `waitMs`. */
type Turn =
  | { readonly outcome: 'turn'; readonly end: () => void }
  | {
      readonly outcome: 'blocked';
      /** `tenant`: it has used up its minute. `receiver`: cap or circuit breaker. */
      readonly by: 'tenant' | 'receiver';
      readonly waitMs: number;
    };

/** Who gets a try now, as far as this process knows. */
export interface WebhookTurns {
  /** Milliseconds after which a try is to ask again; 0 if it may start now. */
  blockedForMs(target: TryTarget): number;
  /** Tenants that have used up their minute. */
  blockedTenants(): ReadonlySet<string>;
  /** A turn for a try, to be ended by the caller. It counts for the tenant. */
  reserve(target: TryTarget): Turn;
  /** A turn for a first try in line; `not_in_line` where the endpoint answers slowly or too many are under way. */
  reserveInLine(target: TryTarget): Promise<Turn | { readonly outcome: 'not_in_line' }>;
}

export interface WebhookSender extends WebhookTurns {
  /** A new secret, sealed for the endpoint. */
  makeSecret(endpointId: string): Uint8Array;
  send(request: {
    id: string;
    tenant: string;
    url: string;
    body: string;
    endpointId: string;
    endpoint: DeliveryEndpoint;
    timeoutMs: number;
    /** Awaited between the answer to a challenge and the event. */
    onVerified: () => Promise<void>;
  }): Promise<TryResult>;
  /** Milliseconds until the next try after `tries` tries; null when the schedule has run out. */
  nextTryInMs(tries: number, retryAfterMs: number | null): number | null;
}
