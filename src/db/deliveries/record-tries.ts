import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { DeliveryFailure, DeliveryState, TryMade } from '../../domain/delivery.ts';
import { query } from '../query.ts';
import { isDuplicate, isLostRace, isOrphan } from '../trouble.ts';

export interface TryToRecord extends TryMade {
  readonly deliveryId: string;
  readonly tenant: string;
  readonly state: DeliveryState;
  readonly failure: DeliveryFailure | null;
  readonly round: number;
  /** Milliseconds until the next try. Null if there is none. */
  readonly waitMs: number | null;
}

/** Each time, another process was quicker with a try of one of the deliveries. More than two at once are not known. */
const MAX_RUNS = 5;

/**
 * Records tries of different deliveries. A replay may make two processes try one delivery at once, and both then count the same
 * tries before theirs. One of them is refused, as a whole. It runs again, and counts the other's try as well. It also runs again
 * if a delivery was deleted meanwhile, and leaves that one out.
 */
export async function recordTries(orm: MikroORM, tries: readonly TryToRecord[]): Promise<void> {
  for (let runs = 1; ; runs += 1) {
    try {
      return await insertTries(orm, tries);
    } catch (error) {
      if (runs === MAX_RUNS || !(isDuplicate(error) || isLostRace(error) || isOrphan(error))) throw error;
    }
  }
}

/**
 * One statement. It also updates the delivery of each try, its endpoint and the event that waits for it.
 *
 * A subquery for each array hides its length from the planner. With the length, the planner would take a plan for one row as
 * cheaper than the kept plan, and plan again each time. That costs 0.64 ms, twice the time of running the statement.
 */
async function insertTries(orm: MikroORM, tries: readonly TryToRecord[]): Promise<void> {
  const column = <Key extends keyof TryToRecord>(key: Key) => tries.map((one) => one[key]);
  await query(orm, (db) =>
    sql`
      WITH made AS (
        SELECT * FROM unnest(
          (SELECT ${column('deliveryId')}::uuid[]), (SELECT ${column('status')}::integer[]),
          (SELECT ${column('durationMs')}::integer[]), (SELECT ${column('error')}::text[]), (SELECT ${column('excerpt')}::text[]),
          (SELECT ${column('state')}::text[]), (SELECT ${column('failure')}::text[]), (SELECT ${column('round')}::integer[]),
          (SELECT ${column('reason')}::text[]), (SELECT ${column('waitMs')}::double precision[])
        ) AS t (delivery_id, status, duration_ms, error, excerpt, state, failure, round, reason, wait_ms)
      ), recorded AS (
        INSERT INTO delivery_tries (delivery_id, number, at, status, duration_ms, error, excerpt, reason)
        SELECT delivery_id,
               1 + (SELECT count(*) FROM delivery_tries earlier WHERE earlier.delivery_id = made.delivery_id),
               now() - make_interval(secs => duration_ms / 1000.0), status, duration_ms, error, excerpt, reason
        FROM made WHERE EXISTS (SELECT FROM deliveries d WHERE d.id = made.delivery_id)
      ), tried AS MATERIALIZED (
        -- Finds the deliveries by id first. Otherwise the planner might begin with a condition below.
        SELECT made.state, d.event, d.asset_id, d.attempt, d.endpoint_id
        FROM made JOIN deliveries d ON d.id = made.delivery_id
      ), awaited AS (
        UPDATE deliveries e SET due_at = now(), waits_for_start = false
        FROM tried WHERE tried.event = 'onStart'
          AND e.asset_id = tried.asset_id AND e.attempt = tried.attempt AND e.waits_for_start
      ), successes AS (
        -- Not at every success, because the endpoint's row would be the bottleneck of all its deliveries.
        UPDATE endpoints e SET delivered_at = now(), failing_since = NULL,
          verified_at = coalesce(e.verified_at, e.delivered_at, now())
        FROM tried WHERE e.id = tried.endpoint_id AND tried.state = 'delivered'
          AND (e.failing_since IS NOT NULL OR e.delivered_at IS NULL OR e.delivered_at < now() - interval '1 min')
      )
      -- A replay during the try began a new round. The try does not count in it, and does not end it, unless it was a success.
      UPDATE deliveries SET
        state = CASE WHEN replays = made.round OR made.state = 'delivered' THEN made.state ELSE deliveries.state END,
        failure = CASE WHEN replays = made.round THEN made.failure END,
        due_at = CASE WHEN replays = made.round AND made.wait_ms IS NOT NULL
          THEN now() + make_interval(secs => made.wait_ms / 1000) ELSE due_at END,
        finished_at = CASE WHEN made.state = 'delivered' OR (replays = made.round AND made.state <> 'pending') THEN now() END,
        tries_before_replay = tries_before_replay + CASE WHEN replays = made.round THEN 0 ELSE 1 END
      FROM made
      WHERE deliveries.id = made.delivery_id AND deliveries.state = 'pending'`.execute(db),
  );
}
