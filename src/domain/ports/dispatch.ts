import type { NotificationKey } from '../asset.ts';
import type { AssetRef } from '../sources/asset-path.ts';
import type { Policy } from '../policy.ts';

/** A row to start a workflow for. */
export interface AssetToDispatch {
  readonly id: string;
  readonly tenant: string;
  readonly attempt: number;
  readonly assetPath: AssetRef;
  /** Its path as people may see it. */
  readonly shownPath: string;
  readonly webhookKeys: readonly NotificationKey[];
  readonly policy: Policy;
  readonly sha256: string | null;
  /** The number that a worker needs to validate it (`needs.ts`). */
  readonly needs: number;
}

interface LeaseOptions {
  /** Rows that need more than this are left for a process that knows more (`needs.ts`). */
  readonly knows: number;
  /** Tenants that get no row now. */
  readonly except?: readonly string[];
}

export interface OverdueDelivery {
  readonly id: string;
  readonly tenant: string;
  readonly url: string;
  readonly endpointId: string;
}

/** A request to cancel that no workflow has received yet. `heldBy` is the id of the workflow. */
export interface CancelToSignal {
  readonly id: string;
  readonly attempt: number;
  readonly heldBy: string;
  readonly reason: string | null;
}

/** The rows that wait for Temporal. */
export interface DispatchQueue {
  /**
   * Leases up to `count` rows that are not dispatched yet, oldest first. No other process gets them while the lease lasts.
   * Tenants take turns: each gets the same number of rows over time. If a tenant has fewer rows than its share of `count`,
   * the answer is shorter.
   */
  lease(count: number, options: LeaseOptions): Promise<AssetToDispatch[]>;
  /** `heldBy` is the id of the workflow that was started for the row and is responsible for it from now on. */
  markDispatched(asset: { id: string; attempt: number; heldBy: string }): Promise<void>;
  /** Ends an asset that was accepted at least 24 h ago and is still not dispatched, as `internal_error`. */
  giveUp(asset: { id: string; attempt: number }): Promise<void>;
  /** Gives the row back. Its start, or its request to cancel, is tried again `afterMs` from now. */
  release(asset: { id: string; attempt: number }, afterMs: number): Promise<void>;
  /**
   * Cancel requests that no workflow has received yet, for rows that have a workflow of their own, oldest first. Each tenant
   * gets the same number of places, as far as its requests reach. A workflow that
   * holds many rows is not signaled, because the signal would cancel all of them.
   */
  cancelsToSignal(): Promise<CancelToSignal[]>;
  markCancelSignaled(asset: { id: string; attempt: number }): Promise<void>;
  /**
   * Pending deliveries that are due and that no workflow holds, oldest first. Each tenant gets the same number of
   * places, as far as its deliveries reach. Tenants in `except` get none.
   */
  overdueDeliveries(except?: ReadonlySet<string>): Promise<OverdueDelivery[]>;
  /**
   * Marks an overdue delivery as held by a workflow. Call it before the workflow starts, because a worker may give the
   * delivery back right after the start. Returns the mark, or null if the delivery is no longer overdue.
   */
  markHandedOver(deliveryId: string): Promise<string | null>;
  /**
   * Takes the mark back after a failed start, unless the delivery has been given back or marked again since. The delivery
   * is due again `afterMs` from now.
   */
  unmarkHandedOver(deliveryId: string, mark: string, afterMs: number): Promise<void>;
  /** Makes overdue deliveries of the same endpoint due again `afterMs` from now, up to 1,000 of them, the oldest first. */
  parkOverdue(one: OverdueDelivery, afterMs: number): Promise<void>;
  /** Each worker calls this every second. An API process starts workflows only while no worker does. */
  renewWorker(workerId: string): Promise<void>;
  removeWorker(workerId: string): Promise<void>;
  hasLiveWorker(): Promise<boolean>;
  /** Whether a process without workers should start workflows: no worker is alive, and only few workflows wait for one. */
  mayStartWithoutWorker(): Promise<boolean>;
}
