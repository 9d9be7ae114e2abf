import type { Verdict } from '../verdict.ts';

/** An open row as it was read. A repair changes it only if it is still the same. */
export interface SeenAsset {
  readonly id: string;
  readonly attempt: number;
  readonly runId: string | null;
  /** The id of the workflow that is responsible for the row. */
  readonly heldBy: string;
}

/** An open row that the reconciler compares with its workflow. */
export interface OpenAsset extends SeenAsset {
  /** Dispatched so long ago that its start has reached Temporal. */
  readonly isSettled: boolean;
}

/** A pending delivery that was handed to a workflow. */
interface HandedOverDelivery {
  readonly id: string;
  /** By the database's clock. */
  readonly handedOverAgoMs: number;
}

/**
 * Reads and writes of the reconciler. Each write names the row as it was read, and
 * does nothing if the row has changed since.
 */
export interface RepairStore {
  /** Start of the time window whose closed runs are not checked yet, by Temporal's clock. */
  readMark(): Promise<Date>;
  writeMark(closedUntil: Date): Promise<void>;
  findOpen(ids: readonly string[]): Promise<OpenAsset[]>;
  /** Dispatched open rows that have a workflow of their own, longest unchecked first, tenants in turns. Marks them as checked. */
  takeLongestUnchecked(count: number): Promise<OpenAsset[]>;
  /** Ids of the workflows that hold the other open rows. */
  listOtherHolders(): Promise<string[]>;
  /** Up to `count` open rows that the workflow holds, longest unchecked first. Marks them as checked. */
  takeHeldBy(workflowId: string, count: number): Promise<OpenAsset[]>;
  /** No workflow works on the row, so the same attempt starts again in a workflow of its own. */
  requeue(asset: SeenAsset): Promise<void>;
  /** Closes an open row with the verdict of its ended workflow. */
  close(asset: SeenAsset, verdict: Verdict): Promise<void>;
  /** Pending deliveries that were given to a workflow, longest unchecked first, tenants in turns. Marks them as checked. */
  takeDeliveriesLongestUnchecked(count: number): Promise<HandedOverDelivery[]>;
  /** The workflow is gone, so the dispatcher gives the delivery to another one. */
  makeDeliveryDue(deliveryId: string): Promise<void>;
  /** Deletes idempotency keys that are older than 24 h. */
  forgetOldKeys(): Promise<void>;
  /** An operator ended the workflow, so the delivery fails as `stopped`. */
  stopDelivery(deliveryId: string): Promise<void>;
}

/** Counts of what a reconciler round did. */
export interface ReconcileReport {
  readonly closed: number;
  readonly requeued: number;
  /** Deliveries whose workflow was gone. */
  readonly deliveries: number;
}
