import type { AssetPath, NotificationKey } from '../asset.ts';
import type { Policy } from '../policy.ts';

/** A row to start a workflow for. */
export interface AssetToDispatch {
  readonly id: string;
  readonly attempt: number;
  readonly assetPath: AssetPath;
  readonly webhookKeys: readonly NotificationKey[];
  readonly policy: Policy;
  readonly sha256: string | null;
}

export interface OverdueDelivery {
  readonly id: string;
  /** Its tenant. */
  readonly tenant: string;
  readonly url: string;
  readonly endpointId: string;
}

/** The work that waits for Temporal. */
export interface DispatchQueue {
  /** Leases up to `count` rows that no one has dispatched; no other process gets them while the lease lasts. */
  lease(count: number): Promise<AssetToDispatch[]>;
  /** `heldBy` is the id of the workflow that was started for the row and answers for it from now on. */
  markDispatched(asset: { id: string; attempt: number; heldBy: string }): Promise<void>;
  /** Gives the row back, to be tried again `afterMs` from now. */
  release(asset: { id: string; attempt: number }, afterMs: number): Promise<void>;
  /**
   * Requests to cancel that no workflow has been told of, of rows that a workflow of their own holds. One that holds many
   * is not signaled, because the signal would cancel all of them.
   */
  cancelsToSignal(): Promise<{ id: string; attempt: number; heldBy: string; reason: string | null }[]>;
  markCancelSignaled(asset: { id: string; attempt: number }): Promise<void>;
  /**
   * Pending deliveries that are due and that no workflow holds, the same number of each tenant as far as they reach, the
   * oldest first; none of the tenants `except`.
   */
  overdueDeliveries(except?: ReadonlySet<string>): Promise<OverdueDelivery[]>;
  /**
   * Marks an overdue delivery as held by a workflow, before that is started: a worker may give it back at any moment
   * after the start. Returns the mark, or null if the delivery is no longer overdue.
   */
  markHandedOver(deliveryId: string): Promise<string | null>;
  /** Takes the mark back after a failed start, unless the delivery has been given back or marked again since. */
  unmarkHandedOver(deliveryId: string, mark: string): Promise<void>;
  /** Makes all overdue deliveries of its endpoint due again `afterMs` from now. */
  parkOverdue(one: OverdueDelivery, afterMs: number): Promise<void>;
  /** Workers sign in every second; an API starts workflows only while none does. */
  renewWorker(workerId: string): Promise<void>;
  removeWorker(workerId: string): Promise<void>;
  hasLiveWorker(): Promise<boolean>;
  /** Whether a process without workers is to start workflows: none is alive, and few wait for one to come. */
  mayStartWithoutWorker(): Promise<boolean>;
}
