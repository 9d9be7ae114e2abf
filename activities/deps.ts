import type { Executions } from '../src/domain/ports/executions.ts';
import type { FingerprintStore } from '../src/domain/ports/fingerprints.ts';
import type { InspectImage } from '../src/domain/ports/images.ts';
import type { ReconcileReport } from '../src/domain/ports/repairs.ts';
import type { RetentionReport } from '../src/domain/ports/retention.ts';
import type { AssetSource } from '../src/domain/ports/sources.ts';
import type { ValidationStore } from '../src/domain/ports/validations.ts';
import type { DeliveryStore, FailedWebhook, WebhookSender } from '../src/domain/ports/webhooks.ts';

/** Everything that activities use from outside. */
export interface ActivityDeps {
  readonly validations: ValidationStore;
  readonly deliveries: DeliveryStore;
  readonly source: AssetSource;
  /** One text for all spellings of the path of a local file. */
  readonly spellPath: (path: string) => string;
  readonly inspectImage: InspectImage;
  readonly fingerprints: FingerprintStore;
  readonly webhooks: WebhookSender;
  readonly executions: Executions;
  /** Compares rows with workflows once (`src/temporal/reconcile.ts`). `begin` is now, by Temporal's clock. */
  readonly reconcile: (begin: Date) => Promise<ReconcileReport>;
  /** Deletes what is too old (`src/domain/retention.ts`). `mayGoOn` is asked between batches. */
  readonly removeExpired: (mayGoOn: () => boolean) => Promise<RetentionReport>;
  /** Called when a validation has ended in this process. */
  readonly onFinished: (assetId: string) => void;
  /** Called when a webhook has failed: after each try that was not accepted, and if no try may be made. */
  readonly onWebhookFailed: (failed: FailedWebhook) => void;
  /** Called with every error before it becomes a failure. */
  readonly onError: OnActivityError;
}

/** One try of an activity. `attempt` counts its tries, from 1 on. */
export interface ActivityTry {
  readonly activity: string;
  readonly workflowId: string;
  readonly attempt: number;
}

export type OnActivityError = (error: unknown, failed: ActivityTry) => void;
