import { sql } from 'kysely';

/**
 * Every transition of a row of `deliveries`, its columns and the methods that make it. Each statement names the state that it
 * starts from. So if two statements race, the second changes nothing.
 *
 * | from              | to          | columns written                                                            | by |
 * |-------------------|-------------|----------------------------------------------------------------------------|----|
 * | none              | `pending`   | all; `due_at`: now, or `HANDOVER_GRACE_S` from now where the writer sends  | `insertDelivery` (`assets/terminal-write.ts`), `sendTest` |
 * | none              | `skipped`   | all, with `finished_at`: the URL is not valid                               | `insertDelivery` |
 * | `pending`         | `delivered` | `finished_at`                                                              | `recordTry` |
 * | `pending`         | `failed`    | `failure`, `finished_at`                                                   | `recordTry`, `failUntried`, `stopDelivery` |
 * | all but `skipped` | `pending`   | `replays`, `replayed_at`, `tries_before_replay`, `due_at`; null: `failure`, `finished_at`, `handed_over_at` | `replay`, `replayAll` |
 * | any               | none        | the row, with its tries: its asset was deleted                             | `delete` (`assets/asset-store.ts`) |
 *
 * A workflow looks after a pending delivery while `handed_over_at` is set. Otherwise the dispatcher does, once it is due:
 *
 * | from               | to              | columns written                               | by |
 * |--------------------|-----------------|-----------------------------------------------|----|
 * | due                | with a workflow | `handed_over_at`                              | `markHandedOver` |
 * | with a workflow    | the same        | `due_at`: when its workflow makes the next try | `recordTry`                                   |
 * | with a workflow    | due, now        | `handed_over_at` null, `due_at`               | `makeDeliveryDue` |
 * | with a workflow    | due, later      | `handed_over_at` null, `due_at`               | `park`; `unmarkHandedOver` (Temporal took no start) |
 * | due                | due, later      | `due_at`                                      | `parkOverdue` |
 * | due                | due, later      | `due_at`, `waits_for_start`                   | `parkUntilStartEvent` |
 * | waits for onStart  | due, now        | `due_at`, `waits_for_start` false             | `recordTry` of the onStart |
 * | due, later         | due, now        | `due_at`                                      | `takeOver` (`assets/validation-store.ts`) |
 */

/** A pending delivery that no workflow looks after. This is the condition of the index `deliveries_unattended`. */
export const UNATTENDED = sql<boolean>`state = 'pending' AND handed_over_at IS NULL`;

/** The time `afterMs` milliseconds from now. */
export function inMs(afterMs: number) {
  return sql<Date>`now() + make_interval(secs => ${afterMs / 1000})`;
}
