import type { NotificationKey, Notifications, TerminalState } from '../asset.ts';
import type { AssetPath } from '../sources/asset-path.ts';
import type { StepRecord } from '../steps.ts';
import type { Verdict } from '../verdict.ts';

/** The sender of a state change's event: the workflow that makes the change, or a delivery workflow at once. */
export type EventSender = 'writer' | 'delivery_workflow';

/** A delivery that a state change created. The workflow sends it. */
export interface EventToSend {
  readonly deliveryId: string;
  readonly event: NotificationKey;
}

/**
 * `owned`: the run owns the row and the write stands. If the row was written before, the result holds the stored
 * values.
 * `not_owner`: another run owns the row, so nothing was written.
 */
export type OwnedWrite<Result> = ({ readonly outcome: 'owned' } & Result) | { readonly outcome: 'not_owner' };

export interface RunRef {
  readonly assetId: string;
  readonly runId: string;
}

/** A verdict that has just been written, for the log. */
export interface WrittenVerdict {
  readonly assetId: string;
  /** As it is shown: of a URL only scheme, host and `/…`. */
  readonly path: string;
  /** The client's own name of the asset, if it has one. */
  readonly externalId?: string;
  readonly tenant: string;
  readonly attempt: number;
  readonly state: TerminalState;
  /** Reason codes of all findings, also of those that do not fail the asset. */
  readonly codes: readonly string[];
  /** Why the asset is not reachable, or not an image. */
  readonly cause?: string;
  /** `name@version`. */
  readonly policy: string;
  /** From the start of the attempt to its end. Null if it never began. */
  readonly durationMs: number | null;
}

export type OnVerdict = (verdict: WrittenVerdict) => void;

/** The writes of a running validation. Each tests in its own UPDATE that the run owns the row. */
export interface ValidationStore {
  /**
   * The first write of a run: `queued` → `in_progress`. Counts how often the run began. The row counts as dispatched from then on,
   * to `workflowId`, or without it to the asset's own workflow.
   */
  claim(
    run: RunRef,
    attempt: number,
    workflowId?: string,
  ): Promise<OwnedWrite<{ claims: number; tenant: string; send: EventToSend | null }>>;
  /** Stores progress before the end, such as a step in trouble. */
  recordSteps(run: RunRef, steps: readonly StepRecord[]): Promise<OwnedWrite<object>>;
  /** The terminal write. The first one of an attempt wins. A later one gets the stored verdict back. */
  finish(
    run: RunRef,
    verdict: Verdict,
    sender?: EventSender,
  ): Promise<OwnedWrite<{ state: TerminalState; send: EventToSend | null }>>;
  /**
   * Gives the row to a reset run of its workflow, as a new attempt in `in_progress`. False if the run owns the row
   * already or another workflow holds it.
   */
  takeOver(run: RunRef, workflowId: string): Promise<boolean>;
  /** The webhook URLs of an asset. They are secrets, so they never leave the activity that reads them. */
  readWebhooks(assetId: string): Promise<Notifications>;
  /** Where the asset is. That may be a secret, too. Null if the asset was deleted. */
  readAssetPath(assetId: string): Promise<AssetPath | null>;
}
