import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { DeliveryFailure, DeliveryState, DeliveryTry } from '../../domain/delivery.ts';
import { query } from '../query.ts';

export interface TryToRecord extends DeliveryTry {
  readonly deliveryId: string;
  readonly state: DeliveryState;
  readonly failure: DeliveryFailure | null;
  readonly round: number;
}

/**
 * Records tries in one statement, with what follows from each for its delivery, its endpoint and the event that waits for
 * it. Two tries of one delivery may come together: their numbers are counted within the statement.
 */
export async function recordTries(orm: MikroORM, tries: readonly TryToRecord[]): Promise<void> {
  const column = <Key extends keyof TryToRecord>(key: Key) => tries.map((one) => one[key]);
  await query(orm, (db) =>
    sql`
      WITH made AS (
        SELECT * FROM unnest(
          ${column('deliveryId')}::uuid[], ${column('at')}::timestamptz[], ${column('status')}::integer[],
          ${column('durationMs')}::integer[], ${column('error')}::text[], ${column('excerpt')}::text[],
          ${column('state')}::text[], ${column('failure')}::text[], ${column('round')}::integer[]
        ) AS t (delivery_id, at, status, duration_ms, error, excerpt, state, failure, round)
      ), recorded AS (
        INSERT INTO delivery_tries (delivery_id, number, at, status, duration_ms, error, excerpt)
        SELECT delivery_id,
               (SELECT count(*) FROM delivery_tries earlier WHERE earlier.delivery_id = made.delivery_id)
                 + row_number() OVER (PARTITION BY delivery_id ORDER BY at),
               at, status, duration_ms, error, excerpt
        FROM made
      ), awaited AS (
        UPDATE deliveries e SET due_at = now(), waits_for_start = false
        FROM made JOIN deliveries s ON s.id = made.delivery_id AND s.event = 'onStart'
        WHERE e.asset_id = s.asset_id AND e.attempt = s.attempt AND e.waits_for_start
      ), successes AS (
        -- Not at every success: the endpoint's row would be the bottleneck of all its deliveries.
        UPDATE endpoints e SET delivered_at = now(), failing_since = NULL,
          verified_at = coalesce(e.verified_at, e.delivered_at, now())
        FROM made JOIN deliveries d ON d.id = made.delivery_id
        WHERE e.id = d.endpoint_id AND made.state = 'delivered'
          AND (e.failing_since IS NOT NULL OR e.delivered_at IS NULL OR e.delivered_at < now() - interval '1 min')
      )
      UPDATE deliveries SET state = made.state, failure = made.failure,
        finished_at = CASE WHEN made.state <> 'pending' THEN now() END
      FROM made
      WHERE deliveries.id = made.delivery_id AND deliveries.state = 'pending'
        -- Replayed while the try was under way: its end is not the end of the new round, unless it was a success.
        AND (deliveries.replays = made.round OR made.state = 'delivered')`.execute(db),
  );
}
