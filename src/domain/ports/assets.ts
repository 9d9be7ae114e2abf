import type { FileHandle } from 'node:fs/promises';
import type {
  AssetErrors,
  AssetPath,
  AssetState,
  NotificationKey,
  Notifications,
  StepRecord,
  TerminalState,
} from '../asset.ts';
import type { DeliveryState, DeliveryTry } from '../delivery.ts';
import type { Finding, ReportedFinding } from '../findings.ts';
import type { ImageFacts } from '../image-facts.ts';
import type { Earlier, Measure, Measures } from '../measures.ts';
import type { Policy, PolicyId } from '../policy.ts';

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

/** A picture that its decoder died of, or had to be killed for; with what had been learnt by then. */
export interface LostImage {
  readonly lost: 'decoder_crashed' | 'decode_timeout';
  /** Ends the sentence "Asset is not a readable image: <reason>." */
  readonly reason: string;
  readonly facts: ImageFacts | null;
}

export interface InspectOptions {
  /** What to compute from the pixels while they are there. */
  readonly measures?: readonly Measure[];
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/**
 * Reads a file whole, once; null where the content is no known image format.
 * @throws {AppError} `storage_unavailable` when reading fails, `decoder_unavailable` when there is nothing to decode
 * with: neither is the asset's fault.
 */
export type InspectImage = (
  file: AssetFile,
  options?: InspectOptions,
) => Promise<ImageFacts | LostImage | null>;

/** What a client hands in. */
export interface Submission {
  readonly assetPath: AssetPath;
  readonly notifications: Notifications;
  /** As given: `name@version`, or `name` for its latest at acceptance; missing: the contract's own. */
  readonly policy?: string;
  /** What the file's SHA-256 is to be, lower-case hex. */
  readonly sha256?: string;
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
  /** None: all of them were skipped. */
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
  /** `name@version`. */
  readonly policy: string;
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

/** What the API does with assets. Of another tenant's asset it knows nothing. */
export interface AssetStore {
  /**
   * Commits the asset as `queued` and returns its id (UUIDv7). Requests of one tick share a transaction. `policy` is what
   * that of the submission stands for; null or missing: the contract's own.
   */
  accept(tenant: string, submission: Submission, policy?: PolicyId | null): Promise<string>;
  /** The same, once for each key in 24 h: null if the key came with another submission before. */
  acceptOnce(
    tenant: string,
    submission: Submission,
    key: string,
    policy?: PolicyId | null,
  ): Promise<string | null>;
  /** The id of what this submission came to when it was accepted with the key; null if it never was. */
  findAccepted(tenant: string, submission: Submission, key: string): Promise<string | null>;
  find(tenant: string, id: string): Promise<AssetSummary | null>;
  findDetails(tenant: string, id: string): Promise<AssetDetails | null>;
  /** All assets of the tenant, newest first, in blocks: memory stays flat however many there are. */
  list(tenant: string): AsyncIterable<readonly AssetSummary[]>;
  /** One page of them; `before` is the id of the last one seen. */
  page(
    tenant: string,
    page: { limit: number; before?: string | undefined; state?: AssetState | undefined },
  ): Promise<AssetSummary[]>;
  requestCancel(tenant: string, id: string, reason: string | null): Promise<CancelOutcome>;
  /** A new attempt, under the same policy unless another is given; null: the contract's own. */
  retry(tenant: string, id: string, policy?: PolicyId | null): Promise<RetryOutcome>;
}

/** A row to start a workflow for. */
export interface AssetToDispatch {
  readonly id: string;
  readonly attempt: number;
  readonly assetPath: AssetPath;
  readonly webhookKeys: readonly NotificationKey[];
  /** Null: the contract's own. */
  readonly policy: Policy | null;
  readonly sha256: string | null;
}

interface OverdueDelivery {
  readonly id: string;
  /** Its tenant. */
  readonly owner: string;
  readonly url: string;
  readonly endpointId: string;
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
  /**
   * Pending deliveries that are due and that no workflow holds, the same number of each tenant as far as they reach, the
   * oldest first; none of the tenants `except`.
   */
  overdueDeliveries(except?: ReadonlySet<string>): Promise<OverdueDelivery[]>;
  markHandedOver(deliveryId: string): Promise<void>;
  /** Makes all overdue deliveries of its endpoint due again `afterMs` from now. */
  parkOverdue(one: OverdueDelivery, afterMs: number): Promise<void>;
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

/** Counts of what a reconciler round did. */
export interface ReconcileReport {
  readonly closed: number;
  readonly requeued: number;
  /** Deliveries whose workflow was gone. */
  readonly deliveries: number;
}

/** What an asset is compared by. A part that is missing is not compared: the answer says nothing of it. */
export interface Fingerprints extends Pick<Measures, 'pixelHash' | 'perceptualHash'> {
  /** √(width · height), px. */
  readonly size: number | null;
}

/** The fingerprints of all assets, each among those of its tenant. */
export interface FingerprintStore {
  /**
   * Enters the asset and tells how it compares with what was entered before it. The first entry stands, and the answer
   * with it, until the fingerprints change: then the asset is entered anew. Of assets that are alike, at any moment and
   * in any number, exactly one is told of none.
   *
   * `near` are the five nearest at `MAX_NEAR_DISTANCE` bits at most, as far as any policy may look, by distance, then by age; of
   * those that share a perceptual hash only the first, and not if it is an exact duplicate.
   */
  compare(assetId: string, prints: Fingerprints): Promise<Earlier>;
}
