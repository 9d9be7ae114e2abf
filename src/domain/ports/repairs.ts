import type { Verdict } from '../verdict.ts';

/** An open row that was dispatched, for the reconciler to hold against its workflow. */
export interface OpenAsset {
  readonly id: string;
  readonly attempt: number;
  readonly runId: string | null;
  /** The id of the workflow that answers for it. */
  readonly heldBy: string;
}

/** A pending delivery that was handed to a workflow. */
interface HandedOverDelivery {
  readonly id: string;
  readonly handedOverAt: Date;
}

/** What the reconciler may write. Each write names the row as it was seen and does nothing if it has moved on. */
export interface RepairStore {
  /** Start of the window of closed runs not looked at yet. */
  readMark(): Promise<Date>;
  writeMark(closedUntil: Date): Promise<void>;
  findOpen(ids: readonly string[]): Promise<OpenAsset[]>;
  /** Dispatched open rows that a workflow of their own holds, longest unchecked first; marks them as checked. */
  takeLongestUnchecked(count: number): Promise<OpenAsset[]>;
  /** Ids of the workflows that hold other open rows. */
  listOtherHolders(): Promise<string[]>;
  /** Up to `count` open rows that the workflow holds. */
  findHeldBy(workflowId: string, count: number): Promise<OpenAsset[]>;
  /** The workflow is gone without a trace: the same attempt starts again, in a workflow of its own. */
  requeue(asset: OpenAsset): Promise<void>;
  /** Closes an open row with what its workflow came to. */
  close(asset: OpenAsset, verdict: Verdict): Promise<void>;
  /** Pending deliveries that a workflow was given, longest unchecked first; marks them as checked. */
  takeDeliveriesLongestUnchecked(count: number): Promise<HandedOverDelivery[]>;
  /** The workflow is gone: the dispatcher gives the delivery to another. */
  makeDeliveryDue(deliveryId: string): Promise<void>;
  /** Idempotency keys are kept for 24 h. */
  forgetOldKeys(): Promise<void>;
  /** An operator ended the workflow: so ends the delivery, undelivered. */
  stopDelivery(deliveryId: string): Promise<void>;
}

/** Counts of what a reconciler round did. */
export interface ReconcileReport {
  readonly closed: number;
  readonly requeued: number;
  /** Deliveries whose workflow was gone. */
  readonly deliveries: number;
}
