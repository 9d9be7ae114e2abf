import type { MikroORM } from '@mikro-orm/postgresql';
import type { DeliveryState, DeliveryTry } from '../domain/delivery.ts';
import type { DeliveryStore } from '../domain/ports.ts';
import { execute } from './execute.ts';
import { groupByTick } from './group-by-tick.ts';

/** Tries recorded by one statement. */
const MAX_GROUPED_TRIES = 100;

interface TryToRecord extends DeliveryTry {
  readonly deliveryId: string;
  readonly state: DeliveryState;
}

export function createDeliveryStore(orm: MikroORM): DeliveryStore {
  const record = groupByTick(
    async (tries: readonly TryToRecord[]) => {
      // Two tries of one delivery in one statement would get one number: numbers are counted per statement.
      await execute(
        orm,
        `WITH made AS (
           SELECT * FROM jsonb_to_recordset(?::jsonb)
             AS t("deliveryId" uuid, at timestamptz, status integer, "durationMs" integer, error text, state text)
         ), recorded AS (
           INSERT INTO delivery_tries (delivery_id, number, at, status, duration_ms, error)
           SELECT "deliveryId",
                  (SELECT count(*) FROM delivery_tries WHERE delivery_id = "deliveryId")
                    + row_number() OVER (PARTITION BY "deliveryId" ORDER BY at),
                  at, status, "durationMs", error
           FROM made
         )
         UPDATE deliveries SET state = made.state, finished_at = CASE WHEN made.state <> 'pending' THEN now() END
         FROM made WHERE deliveries.id = made."deliveryId" AND deliveries.state = 'pending'`,
        [JSON.stringify(tries)],
      );
      return tries.map(() => undefined);
    },
    { maxGroup: MAX_GROUPED_TRIES, maxConcurrent: 2 },
  );

  return {
    async findPending(id) {
      const [row] = await execute<{
        id: string;
        url: string;
        body: string;
        tries: string;
        start_due_at: string | null;
      }>(
        orm,
        `SELECT d.id, d.url, d.body, (SELECT count(*) FROM delivery_tries WHERE delivery_id = d.id) AS tries,
           (SELECT s.created_at FROM deliveries s
            WHERE d.event <> 'onStart' AND s.asset_id = d.asset_id AND s.attempt = d.attempt AND s.event = 'onStart'
              AND s.state = 'pending' AND NOT EXISTS (SELECT FROM delivery_tries WHERE delivery_id = s.id)
           ) AS start_due_at
         FROM deliveries d WHERE d.id = ? AND d.state = 'pending'`,
        [id],
      );
      if (row === undefined) return null;
      const { url, body, tries, start_due_at: startDueAt } = row;
      return {
        id,
        url,
        body,
        tries: Number(tries),
        startEventDueAt: startDueAt === null ? null : new Date(startDueAt),
      };
    },

    async recordTry(deliveryId, tryMade, state) {
      await record({ deliveryId, state, ...tryMade });
    },

    async markHandedOver(id) {
      await execute(
        orm,
        'UPDATE deliveries SET handed_over_at = coalesce(handed_over_at, now()) WHERE id = ?',
        [id],
      );
    },
  };
}
