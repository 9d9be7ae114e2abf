import type { AssetErrors, AssetState, Labels, NotificationKey, Notifications } from '../asset.ts';
import type { AssetPath, Location } from '../sources/asset-path.ts';
import type { DeliveryState, DeliveryTry } from '../delivery.ts';
import type { ReasonCode, ReportedFinding } from '../findings.ts';
import type { ImageFacts } from '../image-facts.ts';
import type { PolicyId } from '../policy.ts';
import type { Score } from '../score.ts';
import type { StepRecord } from '../steps.ts';

/** A submission of a client. */
export interface Submission {
  readonly assetPath: AssetPath;
  readonly notifications: Notifications;
  /** As the client gave it: `name@version`, or `name` for the latest version at acceptance. Missing: the default policy. */
  readonly policy?: string;
  /** The SHA-256 that the file must have, lower-case hex. */
  readonly sha256?: string;
  /** The client's own name for the asset. Several assets may have the same. */
  readonly externalId?: string;
  readonly labels?: Labels;
}

/** The policy version to judge by. */
export interface ChosenPolicy extends PolicyId {
  /** The number that a worker needs to judge by its rules (`needs.ts`). Missing: the number of all workers. */
  readonly needs?: number;
}

/** One asset as `GET /assets/<id>` and the list show it. */
export interface AssetSummary {
  readonly id: string;
  readonly state: AssetState;
  readonly errors: AssetErrors | null;
}

/** One asset as a page of the list shows it. */
export interface ListedAsset extends AssetSummary, OwnNames {
  readonly path: string;
  /** `name@version`. */
  readonly policy: string;
  /** Of the first finding that fails the asset. */
  readonly code: ReasonCode | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** Which assets a page shows. Undefined members do not filter. `since` and `until` (excluded) bound the time of creation. */
export interface AssetFilter {
  readonly state?: AssetState | undefined;
  /** Of any finding. */
  readonly code?: ReasonCode | undefined;
  /** `name@version`. */
  readonly policy?: string | undefined;
  /** The beginning of the path. */
  readonly path?: string | undefined;
  readonly source?: Location | undefined;
  readonly externalId?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

/** The client's own name and labels of the asset. */
export interface OwnNames {
  readonly externalId: string | null;
  readonly labels: Labels;
}

/** Where the asset is, without secrets. `path` is as `describeAssetPath` gives it. */
export interface ShownAsset {
  readonly location: Location;
  readonly path: string;
  readonly versionId?: string;
  readonly generation?: string;
  readonly profile?: string;
  readonly uploadId?: string;
}

/** Everything that `/details` shows, as stored. */
export interface AssetDetails extends AssetSummary, OwnNames {
  readonly attempt: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly asset: ShownAsset;
  readonly image: ImageFacts | null;
  readonly steps: readonly StepRecord[];
  readonly scores: readonly Score[];
  readonly findings: readonly ReportedFinding[];
  /** `name@version`. */
  readonly policy: string;
  readonly runId: string | null;
  /** The id of the workflow that is responsible for the row. Null if none was started for this attempt. */
  readonly heldBy: string | null;
  readonly deliveries: readonly {
    readonly id: string;
    readonly event: NotificationKey;
    readonly attempt: number;
    readonly endpointId: string;
    readonly url: string;
    readonly state: DeliveryState;
    readonly tries: readonly Omit<DeliveryTry, 'excerpt'>[];
  }[];
}

/** One attempt of an asset. */
export interface Attempt {
  readonly attempt: number;
  /** If a reset replaced the attempt before it ended, the state that it had then. */
  readonly state: AssetState;
  /** `name@version`. */
  readonly policy: string;
  readonly errors: AssetErrors | null;
  readonly findings: readonly ReportedFinding[];
  /** Empty if none had begun. */
  readonly steps: readonly StepRecord[];
  readonly cancelReason: string | null;
  readonly runId: string | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** `before`: only attempts with a smaller number. */
export interface AttemptPage {
  readonly limit: number;
  readonly before?: number | undefined;
}

type CancelOutcome = 'canceled' | 'requested' | 'already_terminal' | 'not_found';

/** `uploadId`: the upload that the asset was, if no other asset is it. */
type DeleteOutcome = { readonly uploadId: string | null } | 'not_terminal';

type RetryOutcome = 'queued' | 'not_terminal' | 'not_found';

/** A request that may be sent again with the same `Idempotency-Key`. */
export interface Repeatable {
  readonly key: string;
  /** A repeat must have the same value. */
  readonly request: unknown;
}

/** Operations of the API on assets. It does not find assets of other tenants. */
export interface AssetStore {
  /**
   * Commits the asset as `queued` and returns its id (UUIDv7). Requests of one tick share a transaction. `policy` is
   * the version that the submission's reference stands for. Missing: the default policy.
   */
  accept(tenant: string, submission: Submission, policy?: ChosenPolicy): Promise<string>;
  /** The same, but once for each key in 24 h. Null if the key came with another request before. */
  acceptOnce(
    tenant: string,
    submission: Submission,
    repeatable: Repeatable,
    policy?: ChosenPolicy,
  ): Promise<{ readonly id: string; readonly isNew: boolean } | null>;
  /** The id of the asset that was accepted from this request. Null if there is none. */
  findAccepted(tenant: string, repeatable: Repeatable): Promise<string | null>;
  find(tenant: string, id: string): Promise<AssetSummary | null>;
  findDetails(tenant: string, id: string): Promise<AssetDetails | null>;
  /** Attempts of an asset, newest first. Empty if the tenant has no such asset. */
  listAttempts(tenant: string, id: string, page: AttemptPage): Promise<Attempt[]>;
  /** All assets of the tenant, newest first, in blocks. So memory stays flat for any number of assets. */
  list(tenant: string): AsyncIterable<readonly AssetSummary[]>;
  /** One page of the list, newest first. `before` is the last id of the page before it. */
  page(
    tenant: string,
    filter: AssetFilter,
    page: { limit: number; before?: string | undefined },
  ): Promise<ListedAsset[]>;
  requestCancel(tenant: string, id: string, reason: string | null): Promise<CancelOutcome>;
  /** A new attempt, under the same policy unless another is given. */
  retry(tenant: string, id: string, policy?: ChosenPolicy): Promise<RetryOutcome>;
  /** Deletes a terminal asset with its deliveries and fingerprints. Null if the tenant has no such asset. */
  delete(tenant: string, id: string): Promise<DeleteOutcome | null>;
  /** Whether an asset without a verdict is this upload. */
  isUploadNeeded(tenant: string, uploadId: string): Promise<boolean>;
}
