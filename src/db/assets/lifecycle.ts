import { sql } from 'kysely';

/**
 * Every transition of a row of `assets`, its columns and the method that makes it. Each statement names the state, attempt or
 * run that it starts from. So if two statements race, the second changes nothing. `reset` is `NO_RUN`, below.
 *
 * | from                                | to             | columns written                                                      | by |
 * |-------------------------------------|----------------|----------------------------------------------------------------------|----|
 * | none                                | `queued`       | the columns of the request; the rest by default                      | `accept`, `acceptOnce` |
 * | `queued`, not dispatched            | the same       | `lease_until`                                                        | `lease`, `release` |
 * | `queued`, not dispatched            | dispatched     | `dispatched_at`, `held_by`; null: `lease_until`                      | `markDispatched` |
 * | `queued`                            | `in_progress`  | `run_id`, `claims`, `started_at`; `dispatched_at`, `held_by` if null  | `claim` |
 * | `in_progress`                       | the same       | `claims` (a worker died under the run); `steps`                      | `claim`; `recordSteps` |
 * | `queued`, not dispatched            | `canceled`     | `cancel_requested_at`, `cancel_reason`, `finished_at`                | `requestCancel` |
 * | `queued` dispatched, `in_progress`  | the same       | `cancel_requested_at`, `cancel_reason`; `cancel_signaled_at`         | `requestCancel`; `markCancelSignaled` |
 * | `queued` dispatched, `in_progress`  | the same       | `lease_until`: no workflow took the request to cancel                | `release` |
 * | `queued`, not dispatched            | `failed`       | `errors`, `findings`, `finished_at`                                  | `giveUp` |
 * | `in_progress`                       | a final state  | `errors`, `findings`, `steps`, `image`, `finished_at`                | `finish` |
 * | `queued`, `in_progress`             | a final state  | the same                                                             | `close` (reconciler) |
 * | `queued`, `in_progress`             | `queued`       | reset; null: `run_id`, `dispatched_at`, `held_by`                    | `requeue` (reconciler) |
 * | a final state                       | `queued`       | a new attempt; null: `run_id`, `dispatched_at`, `held_by`; `needs`   | `retry` |
 * | any                                 | `in_progress`  | a new attempt, `run_id`, `dispatched_at`, `held_by`, `started_at`    | `takeOver` (a workflow was reset) |
 * | a final state                       | none           | the row, with its deliveries and fingerprints                        | `delete`, `deleteAssets` (retention) |
 *
 * A trigger copies the attempt before a new one to `attempts` (migration 0014). Another keeps the codes of the findings in
 * `asset_codes` (migration 0021).
 *
 * The final states are `complete`, `failed` and `canceled`. The statement that begins or ends an attempt also inserts the
 * event's delivery (`insertDelivery` in `terminal-write.ts`).
 */

/** The asset has no verdict yet. */
export const IS_OPEN = sql<boolean>`state IN ('queued', 'in_progress')`;

/** The asset has a verdict. */
export const IS_TERMINAL = sql<boolean>`state IN ('complete', 'failed', 'canceled')`;

/** The asset waits for a dispatcher. This is the condition of the indexes `assets_to_dispatch` and `assets_to_lease`. */
export const IS_TO_DISPATCH = sql<boolean>`state = 'queued' AND dispatched_at IS NULL`;

/**
 * No process starts the row now, and it is not put off. A lease ends within 12 s and a pause within 5 min. One that ends much
 * later is from before the database's clock was set back, and does not count.
 */
export const IS_NOT_LEASED = sql<boolean>`(lease_until IS NULL OR lease_until < now() OR lease_until > now() + interval '10 min')`;

/** Clears the columns of a run. A request to cancel stays, and the next run gets it. */
const NO_RUN = sql`claims = 0, lease_until = NULL, checked_at = NULL, cancel_signaled_at = NULL, steps = NULL`;

/** The same attempt waits again. */
export const QUEUED_AGAIN = sql`state = 'queued', run_id = NULL, dispatched_at = NULL, held_by = NULL, ${NO_RUN}`;

/** Clears the results of the attempt before. */
const NEW_ATTEMPT = sql`attempt = attempt + 1, cancel_requested_at = NULL, cancel_reason = NULL,
  errors = NULL, findings = NULL, image = NULL, finished_at = NULL`;

export const QUEUED_AS_NEW_ATTEMPT = sql`${QUEUED_AGAIN}, ${NEW_ATTEMPT}, started_at = NULL`;

/** A new attempt that a run has begun already. */
export function takenOverBy(runId: string, workflowId: string) {
  return sql`state = 'in_progress', run_id = ${runId}, dispatched_at = now(), held_by = ${workflowId}, started_at = now(),
    ${NO_RUN}, ${NEW_ATTEMPT}`;
}
