import type {
  DeliveryEndpoint,
  DeliveryEvent,
  DeliveryFailure,
  DeliveryState,
  DeliveryTry,
  TryMade,
  DisabledBecause,
  PendingDelivery,
} from '../delivery.ts';
import type { OwnNames } from './assets.ts';

/** Reads and writes for the tries of deliveries. */
export interface DeliveryStore {
  /** Null unless the delivery is still pending. */
  findPending(id: string): Promise<PendingDelivery | null>;
  /**
   * Makes the endpoint of a delivery, with this sealed secret, unless another process was quicker. Null if the tenant
   * already has its maximum number of endpoints, or if the delivery was deleted.
   */
  createEndpoint(deliveryId: string, secret: Uint8Array): Promise<DeliveryEndpoint | null>;
  /**
   * `failure` is set only with the state `failed`. `waitMs`: after this time comes the next try; null if there is none.
   * The endpoint's own record is updated too.
   */
  recordTry(
    delivery: PendingDelivery,
    tryMade: TryMade,
    state: DeliveryState,
    failure: DeliveryFailure | null,
    waitMs?: number | null,
  ): Promise<void>;
  /** The endpoint has proved that it wants events. */
  markVerified(endpointId: string): Promise<void>;
  /** Fails a delivery without a try. */
  failUntried(id: string, failure: 'endpoint_disabled' | 'endpoint_limit'): Promise<void>;
  /** A workflow of its own is responsible for the delivery from now on. */
  markHandedOver(id: string): Promise<void>;
  /** No workflow holds the delivery. It is due again `afterMs` from now. */
  park(id: string, afterMs: number): Promise<void>;
  /** The same, but due as soon as the first try of the attempt's onStart has been recorded. */
  parkUntilStartEvent(id: string, afterMs: number): Promise<void>;
}

/** One delivery as the log lists it. `assetId` and `attempt` are null for a test event. */
export interface DeliveryEntry extends OwnNames {
  readonly id: string;
  readonly assetId: string | null;
  readonly attempt: number | null;
  readonly event: DeliveryEvent;
  readonly endpointId: string;
  readonly url: string;
  readonly state: DeliveryState;
  readonly failure: DeliveryFailure | null;
  readonly createdAt: Date;
  /** When the next try is due. In the past: the try is under way, or waits for its endpoint. Null unless it is pending. */
  readonly dueAt: Date | null;
  readonly finishedAt: Date | null;
  readonly tries: readonly DeliveryTry[];
}

/**
 * Selects deliveries. A missing field does not restrict. `from` (included) and
 * `to` (excluded) bound the time of creation.
 */
export interface DeliveryFilter {
  readonly assetId?: string | undefined;
  readonly endpointId?: string | undefined;
  readonly state?: DeliveryState | undefined;
  /** The client's own name of the asset. */
  readonly externalId?: string | undefined;
  /** The time of creation, the first included and the last not. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

export interface Endpoint {
  readonly id: string;
  /** Without query and fragment. */
  readonly url: string;
  readonly createdAt: Date;
  /** When the endpoint first answered a challenge or accepted an event. */
  readonly verifiedAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly failingSince: Date | null;
  readonly disabledAt: Date | null;
  readonly disabledBecause: DisabledBecause | null;
}

/** `retryAfterS`: the delivery is still pending since its last replay. It can be replayed again in this many seconds. */
type ReplayOutcome =
  | 'replayed'
  | 'not_found'
  | 'skipped'
  | 'endpoint_disabled'
  | { readonly retryAfterS: number };

/** How many deliveries were replayed. The others wait since a replay a moment ago, or their endpoint is disabled. */
export interface ReplayCounts {
  readonly replayed: number;
  readonly tooSoon: number;
  readonly leftOut: number;
}

/** Operations of people on the deliveries and endpoints of their tenant. */
export interface DeliveryLog {
  /** Newest first. `before` is the last id of the page before it. */
  list(
    tenant: string,
    filter: DeliveryFilter,
    page: { limit: number; before?: string | undefined },
  ): Promise<DeliveryEntry[]>;
  find(tenant: string, id: string): Promise<DeliveryEntry | null>;
  /**
   * Sends a delivery again under its id, from the beginning of the schedule. A
   * delivery that still waits is tried at once.
   */
  replay(tenant: string, id: string): Promise<ReplayOutcome>;
  /** The same for all matching deliveries. */
  replayAll(tenant: string, filter: DeliveryFilter): Promise<ReplayCounts>;
  /** Sends a test event. `url` must be valid. */
  sendTest(tenant: string, url: string): Promise<{ id: string; endpointId: string }>;
  listEndpoints(tenant: string): Promise<Endpoint[]>;
  /** Finds an endpoint by its id, or by any of its URLs. */
  findEndpoint(tenant: string, idOrUrl: string): Promise<Endpoint | null>;
  /** Enables the endpoint. False if it is enabled already. */
  enable(tenant: string, endpointId: string): Promise<boolean>;
}

/** Secrets of endpoints, sealed. */
export interface EndpointSecrets {
  /** The id of the endpoint that a URL belongs to. */
  endpointIdOf(tenant: string, url: string): Promise<string>;
  /** The valid secrets, newest first. If there are none, `secret` becomes the first. */
  readOrCreate(tenant: string, url: string, secret: Uint8Array): Promise<readonly Uint8Array[]>;
  /**
   * Makes `secret` the newest one. The previous secret stays valid for 24 h. While an earlier rotation lasts, this
   * changes nothing and returns null, because receivers may still verify with the secret that would go. `force` drops
   * that secret anyway.
   */
  rotate(
    tenant: string,
    url: string,
    secret: Uint8Array,
    force: boolean,
  ): Promise<readonly Uint8Array[] | null>;
}

/** Judges a tenant's connection to a host name, or to an address that a URL contains. `unknown`: nobody can say right now. */
export type JudgeHost = (hostname: string, tenant: string) => Promise<'allowed' | 'forbidden' | 'unknown'>;

/** How one HTTP try ended. */
export interface TryResult {
  /** Null if no answer came. */
  readonly status: number | null;
  readonly durationMs: number;
  /** The beginning of the answer's body. */
  readonly excerpt: string | null;
  /** Null for a 2xx answer to an event. Otherwise a code, never the URL: `http_500`, `timeout`, `challenge_unanswered`, … */
  readonly error: string | null;
  /** What is wrong, in words, where `error` alone does not tell. */
  readonly reason: string | null;
  readonly outcome: 'delivered' | 'retry' | 'give_up';
  /** The receiver's Retry-After, milliseconds. */
  readonly retryAfterMs: number | null;
}

/** A webhook that failed, for the log. The log shows only the origin of its URL. */
export interface FailedWebhook {
  readonly deliveryId: string;
  readonly tenant: string;
  /** `https://receiver.example/…` */
  readonly receiver: string;
  /** Number of the try. 0: none may be made. */
  readonly try: number;
  readonly status: number | null;
  readonly error: string | null;
  /** The error in words, if there are some. */
  readonly reason: string | null;
  /** Null: it failed for good. */
  readonly nextTryInMs: number | null;
}

/** The tenant and the target of a try. */
export type TryTarget = Pick<PendingDelivery, 'tenant' | 'url' | 'endpointId'> & {
  /** Missing if it is not known. */
  readonly endpoint?: PendingDelivery['endpoint'];
  readonly eventsPerMinute?: PendingDelivery['eventsPerMinute'];
};

/** Permission for a try. `blocked`: not now, ask again after `waitMs`. */
type Turn =
  | { readonly outcome: 'turn'; readonly end: () => void }
  | {
      readonly outcome: 'blocked';
      /**
       * `tenant`: the tenant has used up its tries of this minute. `receiver`:
       * its cap or its circuit breaker is reached.
       */
      readonly by: 'tenant' | 'receiver';
      readonly waitMs: number;
    };

/** Decides which delivery may be tried now, as far as this process knows. */
export interface WebhookTurns {
  /** Milliseconds until a try should ask again. 0 if it may start now. */
  blockedForMs(target: TryTarget): number;
  /** Tenants that have used up their tries of this minute. */
  blockedTenants(): ReadonlySet<string>;
  /** A turn for a try. The caller ends it. It counts for the tenant. */
  reserve(target: TryTarget): Turn;
  /**
   * A turn for a first try in line with the validation. `not_in_line`: the endpoint
   * answers slowly, or too many tries are running.
   */
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
    /** Called and awaited after the answer to a challenge, before the event is sent. */
    onVerified: () => Promise<void>;
  }): Promise<TryResult>;
  /** Milliseconds until the next try after `tries` tries. Null when the schedule has run out. */
  nextTryInMs(tries: number, retryAfterMs: number | null): number | null;
}
