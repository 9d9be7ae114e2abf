import type { NotificationKey, Notifications, TerminalState } from '../asset.ts';
import type { StepRecord } from '../steps.ts';
import type { Verdict } from '../verdict.ts';

/** Who sends the event of a state change: the workflow that makes it, or a delivery workflow at once. */
export type EventSender = 'writer' | 'delivery_workflow';

/** A delivery that a state change created, for the workflow to send. */
export interface EventToSend {
  readonly deliveryId: string;
  readonly event: NotificationKey;
}

/**
 * `owned`: the write stands (or stood already, then with what is stored).
 * `not_owner`: another run owns the row; nothing was written.
 */
export type OwnedWrite<Result> = ({ readonly outcome: 'owned' } & Result) | { readonly outcome: 'not_owner' };

export interface RunRef {
  readonly assetId: string;
  readonly runId: string;
}

/** The writes of a running validation. Each tests in its own UPDATE that the run owns the row. */
export interface ValidationStore {
  /** The first write of a run: `queued` → `in_progress`. Counts how often the run began. */
  claim(run: RunRef, attempt: number): Promise<OwnedWrite<{ claims: number; send: EventToSend | null }>>;
  /** Progress worth showing before the end, e.g. a step in trouble. */
  recordSteps(run: RunRef, steps: readonly StepRecord[]): Promise<OwnedWrite<object>>;
  /** The terminal write. The first one of an attempt wins; a later one gets the stored verdict back. */
  finish(
    run: RunRef,
    verdict: Verdict,
    sender?: EventSender,
  ): Promise<OwnedWrite<{ state: TerminalState; send: EventToSend | null }>>;
  /**
   * Makes a reset run of the workflow the run of a new attempt, `in_progress`. False if the run owns the row already, or
   * another workflow holds the row.
   */
  takeOver(run: RunRef, workflowId: string): Promise<boolean>;
  /** The webhook URLs of an asset, which are secrets: they never leave the activity that reads them. */
  readWebhooks(assetId: string): Promise<Notifications>;
}
