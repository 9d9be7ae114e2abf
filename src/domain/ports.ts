import type { FileHandle } from 'node:fs/promises';
import type {
  AssetErrors,
  AssetPath,
  AssetState,
  NotificationKey,
  Notifications,
  StepRecord,
  TerminalState,
} from './asset.ts';
import type {
  DeliveryEndpoint,
  DeliveryFailure,
  DeliveryState,
  DeliveryTry,
  DisabledBecause,
  PendingDelivery,
} from './delivery.ts';
import type { Finding, ReportedFinding } from './findings.ts';
import type { ImageFacts } from './image-facts.ts';

/** An asset opened once: everything that is learnt of it comes from this handle, never from the path again. */
export interface AssetFile {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/** Where assets come from. */
export interface AssetSource {
  /**
   * Opens a readable regular file; null where the contract says "not reachable" (missing, outside the roots, a
   * directory, FIFO or device, no permission, …). The caller closes `handle`.
   * @throws {AppError} `storage_unavailable` for trouble that is not the asset's (EIO, ESTALE, EMFILE, ETIMEDOUT).
   */
  open(path: string): Promise<AssetFile | null>;
}

/**
 * Reads a file whole, once; null where the content is no known image format.
 * @throws {AppError} `storage_unavailable` when reading fails for reasons that are not the asset's.
 */
export type InspectImage = (file: AssetFile) => Promise<ImageFacts | null>;

/** What a client hands in. */
export interface Submission {
  readonly assetPath: AssetPath;
  readonly notifications: Notifications;
}

/** Who sends the event of a state change: the workflow that makes it, or a delivery workflow at once. */
export type EventSender = 'writer' | 'delivery_workflow';

/** A delivery that a state change brought about, for the workflow to send. */
export interface EventToSend {
  readonly deliveryId: string;
  readonly event: NotificationKey;
}

/** The stored end of an attempt. */
export interface Verdict {
  readonly state: TerminalState;
  readonly findings: readonly Finding[];
  readonly steps: readonly StepRecord[];
  readonly image: ImageFacts | null;
}

/**
 * `owned`: the write stands (or stood already, then with what is stored).
 * `not_owner`: another run owns the row; nothing was written.
 */
export type OwnedWrite<Result> = ({ readonly outcome: 'owned' } & Result) | { readonly outcome: 'not_owner' };

export interface Owner {
  readonly assetId: string;
  readonly runId: string;
}

/** The writes of a running validation. Each tests in its own UPDATE that the run owns the row. */
export interface ValidationStore {
  /** The first write of a run: `queued` → `in_progress`. Counts how often the run began. */
  claim(owner: Owner, attempt: number): Promise<OwnedWrite<{ claims: number; send: EventToSend | null }>>;
  /** Progress worth showing before the end, e.g. a step in trouble. */
  recordSteps(owner: Owner, steps: readonly StepRecord[]): Promise<OwnedWrite<object>>;
  /** The terminal write. The first of an attempt wins; a later one is told what is stored. */
  finish(
    owner: Owner,
    verdict: Verdict,
    sender?: EventSender,
  ): Promise<OwnedWrite<{ state: TerminalState; send: EventToSend | null }>>;
  /** Makes a reset run the owner of a new attempt, `in_progress`. False when it owns the row already. */
  takeOver(owner: Owner): Promise<boolean>;
  /** The webhook URLs of an asset, which are secrets: they never leave the activity that reads them. */
  readWebhooks(assetId: string): Promise<Notifications>;
}

/** One asset as `GET /assets/<id>` and the list show it. */
export interface AssetSummary {
  readonly id: string;
  readonly state: AssetState;
  readonly errors: AssetErrors | null;
}

/** Everything that `/details` shows, as stored. */
export interface AssetDetails extends AssetSummary {
  readonly attempt: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly assetPath: AssetPath;
  readonly image: ImageFacts | null;
  readonly steps: readonly StepRecord[];
  readonly findings: readonly ReportedFinding[];
  readonly runId: string | null;
  readonly deliveries: readonly {
    readonly id: string;
    readonly event: NotificationKey;
    readonly attempt: number;
    readonly url: string;
    readonly state: DeliveryState;
    readonly tries: readonly Omit<DeliveryTry, 'excerpt'>[];
  }[];
}

type CancelOutcome = 'canceled' | 'requested' | 'already_terminal' | 'not_found';
type RetryOutcome = 'queued' | 'not_terminal' | 'not_found';

/** What the API does with assets. */
export interface AssetStore {
  /** Commits the asset as `queued` and returns its id (UUIDv7). Requests of one tick share a transaction. */
  accept(submission: Submission): Promise<string>;
  /** The same, once for each key in 24 h: null if the key came with another submission before. */
  acceptOnce(submission: Submission, key: string): Promise<string | null>;
  find(id: string): Promise<AssetSummary | null>;
  findDetails(id: string): Promise<AssetDetails | null>;
  /** All assets, newest first, in blocks: memory stays flat however many there are. */
  list(): AsyncIterable<readonly AssetSummary[]>;
  /** One page of them; `before` is the id of the last one seen. */
  page(page: {
    limit: number;
    before?: string | undefined;
    state?: AssetState | undefined;
  }): Promise<AssetSummary[]>;
  requestCancel(id: string, reason: string | null): Promise<CancelOutcome>;
  retry(id: string): Promise<RetryOutcome>;
}

/** The tries of deliveries, as those who make them need it. */
export interface DeliveryStore {
  /** Null unless the delivery is still pending. */
  findPending(id: string): Promise<PendingDelivery | null>;
  /** Makes the endpoint of a delivery, with this (sealed) secret, unless another process was quicker. */
  createEndpoint(deliveryId: string, secret: Uint8Array): Promise<DeliveryEndpoint>;
  /** `failure` goes with the state `failed`. Keeps the endpoint's own record too. */
  recordTry(
    delivery: PendingDelivery,
    tryMade: DeliveryTry,
    state: DeliveryState,
    failure: DeliveryFailure | null,
  ): Promise<void>;
  /** Ends a delivery whose endpoint is disabled, without a try. */
  failDisabled(id: string): Promise<void>;
  /** A workflow of its own looks after the delivery from now on. */
  markHandedOver(id: string): Promise<void>;
  /** Nobody looks after the delivery: it is due again `afterMs` from now. */
  park(id: string, afterMs: number): Promise<void>;
  /** The same, but due as soon as the first try of the attempt's onStart has been recorded. */
  parkUntilStartEvent(id: string, afterMs: number): Promise<void>;
}

/** The notification keys, and `test` for what someone sends to try a receiver. */
type DeliveryEvent = NotificationKey | 'test';

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
  readonly deliveredAt: Date | null;
  readonly failingSince: Date | null;
  readonly disabledAt: Date | null;
  readonly disabledBecause: DisabledBecause | null;
}

type ReplayOutcome = 'replayed' | 'not_found' | 'skipped' | 'endpoint_disabled';

/** What people do with deliveries and endpoints. */
export interface DeliveryLog {
  /** Newest first; `before` is the id of the last one seen. */
  list(
    filter: DeliveryFilter,
    page: { limit: number; before?: string | undefined },
  ): Promise<DeliveryEntry[]>;
  find(id: string): Promise<DeliveryEntry | null>;
  /** Sends it again under its id, from the beginning of the schedule; one that waits is tried at once. */
  replay(id: string): Promise<ReplayOutcome>;
  /** The same for all that match; those of disabled endpoints are left out. */
  replayAll(filter: DeliveryFilter): Promise<{ replayed: number; leftOut: number }>;
  /** Sends a test event; `url` is a valid one. */
  sendTest(url: string): Promise<{ id: string; endpointId: string }>;
  listEndpoints(): Promise<Endpoint[]>;
  /** By id, or by any URL of it. */
  findEndpoint(idOrUrl: string): Promise<Endpoint | null>;
  /** False if it is enabled already. */
  enable(endpointId: string): Promise<boolean>;
}

/** Secrets of endpoints, sealed. */
export interface EndpointSecrets {
  /** The id of the endpoint that a URL belongs to. */
  endpointIdOf(url: string): Promise<string>;
  /** The secrets in force, the newest first; made with `secret` if there are none. */
  readOrCreate(url: string, secret: Uint8Array): Promise<readonly Uint8Array[]>;
  /**
   * `secret` is the newest from now on; the one before it stays in force for 24 h. Null, and nothing is changed, while an
   * earlier rotation lasts: receivers may still verify with the secret that would be dropped. `force` drops it.
   */
  rotate(url: string, secret: Uint8Array, force: boolean): Promise<readonly Uint8Array[] | null>;
}

/** A row to start a workflow for. */
export interface AssetToDispatch {
  readonly id: string;
  readonly attempt: number;
  readonly assetPath: AssetPath;
  readonly webhookKeys: readonly NotificationKey[];
}

/** The work that waits for Temporal. */
export interface DispatchQueue {
  /** Leases up to `count` rows that no one has dispatched; no other process gets them while the lease lasts. */
  lease(count: number): Promise<AssetToDispatch[]>;
  markDispatched(asset: { id: string; attempt: number }): Promise<void>;
  /** Gives the row back, to be tried again `afterMs` from now. */
  release(asset: { id: string; attempt: number }, afterMs: number): Promise<void>;
  /** Requests to cancel that no workflow has been told of. */
  cancelsToSignal(): Promise<{ id: string; attempt: number; reason: string | null }[]>;
  markCancelSignaled(asset: { id: string; attempt: number }): Promise<void>;
  /** Pending deliveries that are due and that no workflow holds. */
  overdueDeliveries(): Promise<{ id: string; url: string; endpointId: string }[]>;
  markHandedOver(deliveryId: string): Promise<void>;
  /** Makes all overdue deliveries of an endpoint due again `afterMs` from now. */
  parkOverdue(endpointId: string, afterMs: number): Promise<void>;
  /** Workers sign in every second; an API starts workflows only while none does. */
  renewWorker(workerId: string): Promise<void>;
  removeWorker(workerId: string): Promise<void>;
  hasLiveWorker(): Promise<boolean>;
  /** Whether a process without workers is to start workflows: none is alive, and few wait for one to come. */
  mayStartWithoutWorker(): Promise<boolean>;
}

/** An open row that was dispatched, for the reconciler to hold against its workflow. */
export interface OpenAsset {
  readonly id: string;
  readonly attempt: number;
  readonly runId: string | null;
}

/** What the reconciler may write. Each write names the row as it was seen and does nothing if it has moved on. */
export interface RepairStore {
  /** Start of the window of closed runs not looked at yet. */
  readMark(): Promise<Date>;
  writeMark(closedUntil: Date): Promise<void>;
  findOpen(ids: readonly string[]): Promise<OpenAsset[]>;
  /** Dispatched open rows, longest unchecked first; marks them as checked. */
  takeLongestUnchecked(count: number): Promise<OpenAsset[]>;
  /** The workflow is gone without a trace: the same attempt starts again. */
  requeue(asset: OpenAsset): Promise<void>;
  /** Closes an open row with what its workflow came to. */
  close(asset: OpenAsset, verdict: Verdict): Promise<void>;
  /** Ids of pending deliveries that a workflow was given, longest unchecked first; marks them as checked. */
  takeDeliveriesLongestUnchecked(count: number): Promise<string[]>;
  /** The workflow is gone: the dispatcher gives the delivery to another. */
  makeDeliveryDue(deliveryId: string): Promise<void>;
  /** Idempotency keys are kept for 24 h. */
  forgetOldKeys(): Promise<void>;
  /** An operator ended the workflow: so ends the delivery, undelivered. */
  stopDelivery(deliveryId: string): Promise<void>;
}

/** Questions about workflow executions. */
export interface Executions {
  /** True if `runId` came from a reset and is the current run of its workflow. */
  isCurrentResetRun(workflowId: string, runId: string): Promise<boolean>;
  /** The running workflow's own answer; null if it can't give one within 1 s. */
  queryStatus(assetId: string): Promise<LiveStatus | null>;
  /** Whether Temporal answers for our namespace. */
  isReachable(): Promise<boolean>;
}

export interface LiveStatus {
  readonly id: string;
  readonly state: AssetState;
  readonly attempt: number;
  readonly steps: readonly StepRecord[];
}

/** How one HTTP try ended. */
export interface TryResult {
  /** Null where no answer came. */
  readonly status: number | null;
  readonly durationMs: number;
  /** The beginning of the answer's body. */
  readonly excerpt: string | null;
  /** Null for a 2xx. A code, never the URL: `http_500`, `timeout`, `connection_refused`, … */
  readonly error: string | null;
  readonly verdict: 'delivered' | 'retry' | 'give_up';
  /** What the receiver asked for in Retry-After, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** Leave for a try. `blocked`: not now (cap or circuit breaker of the origin); ask again after `waitMs`. */
type Turn =
  | { readonly outcome: 'turn'; readonly end: () => void }
  | { readonly outcome: 'blocked'; readonly waitMs: number };

export interface WebhookSender {
  /** A new secret, sealed for the endpoint. */
  makeSecret(endpointId: string): Uint8Array;
  /** Milliseconds after which a try is to ask again; 0 if it may start now. */
  blockedForMs(url: string): number;
  /** A turn for a try, to be ended by the caller. */
  reserve(url: string): Turn;
  /** A turn for a first try in line; `not_in_line` where the endpoint answers slowly or too many are under way. */
  reserveInLine(url: string): Promise<Turn | { readonly outcome: 'not_in_line' }>;
  send(request: {
    id: string;
    url: string;
    body: string;
    endpointId: string;
    endpoint: DeliveryEndpoint;
    timeoutMs: number;
  }): Promise<TryResult>;
  /** Milliseconds until the next try after `tries` tries; null when the schedule has run out. */
  nextTryInMs(tries: number, retryAfterMs: number | null): number | null;
}

/** Counts of what a reconciler round did. */
export interface ReconcileReport {
  readonly closed: number;
  readonly requeued: number;
  /** Deliveries whose workflow was gone. */
  readonly deliveries: number;
}
