import type { AssetErrors, AssetPath, AssetState, NotificationKey, Notifications } from '../asset.ts';
import type { DeliveryState, DeliveryTry } from '../delivery.ts';
import type { ReportedFinding } from '../findings.ts';
import type { ImageFacts } from '../image-facts.ts';
import type { PolicyId } from '../policy.ts';
import type { StepRecord } from '../steps.ts';

/** What a client hands in. */
export interface Submission {
  readonly assetPath: AssetPath;
  readonly notifications: Notifications;
  /** As given: `name@version`, or `name` for its latest at acceptance; missing: the default policy. */
  readonly policy?: string;
  /** What the file's SHA-256 is to be, lower-case hex. */
  readonly sha256?: string;
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
   * Commits the asset as `queued` and returns its id (UUIDv7). Requests of one tick share a transaction. `policy` is the version
   * that the submission's reference stands for; the default policy unless given.
   */
  accept(tenant: string, submission: Submission, policy?: PolicyId): Promise<string>;
  /** The same, once for each key in 24 h: null if the key came with another submission before. */
  acceptOnce(tenant: string, submission: Submission, key: string, policy?: PolicyId): Promise<string | null>;
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
  /** A new attempt, under the same policy unless another is given. */
  retry(tenant: string, id: string, policy?: PolicyId): Promise<RetryOutcome>;
}
