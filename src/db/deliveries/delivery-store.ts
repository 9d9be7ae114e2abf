import type { MikroORM } from '@mikro-orm/postgresql';
import {
  type DeliveryEndpoint,
  type DeliveryFailure,
  type DeliveryState,
  type DeliveryTry,
  DISABLE_AFTER_FAILING_H,
} from '../../domain/delivery.ts';
import type { DeliveryStore } from '../../domain/ports/webhooks.ts';
import { createEndpointRow } from './create-endpoint.ts';
import { execute } from '../execute.ts';
import { groupByTick } from '../group-by-tick.ts';

/** Tries recorded by one statement. */
const MAX_GROUPED_TRIES = 100;

interface TryToRecord extends DeliveryTry {
  readonly deliveryId: string;
  readonly state: DeliveryState;
  readonly failure: DeliveryFailure | null;
  readonly round: number;
}

interface SecretColumns {
  readonly secret: Uint8Array | null;
  readonly previousSecret: Uint8Array | null;
  readonly isDisabled: boolean | null;
  readonly isVerified: boolean | null;
}

/** Column list of an endpoint `e` as `asEndpoint` reads it. */
const ENDPOINT = `e.secret, CASE WHEN e.previous_secret_until > now() THEN e.previous_secret END AS "previousSecret",
  e.disabled_at IS NOT NULL AS "isDisabled", coalesce(e.verified_at, e.delivered_at) IS NOT NULL AS "isVerified"`;

/** `endpointsMax`: endpoints that a tenant may have. */
export function createDeliveryStore(
  orm: MikroORM,
  { endpointsMax }: { endpointsMax: number },
): DeliveryStore {
  const record = groupByTick(
    async (tries: readonly TryToRecord[]) => {
      // Two tries of one delivery in one statement would get one number: numbers are counted per statement.
      await execute(
        orm,
        `WITH made AS (
           SELECT * FROM jsonb_to_recordset(?::jsonb) AS t("deliveryId" uuid, at timestamptz, status integer,
             "durationMs" integer, error text, excerpt text, state text, failure text, round integer)
         ), recorded AS (
           INSERT INTO delivery_tries (delivery_id, number, at, status, duration_ms, error, excerpt)
           SELECT "deliveryId",
                  (SELECT count(*) FROM delivery_tries WHERE delivery_id = "deliveryId")
                    + row_number() OVER (PARTITION BY "deliveryId" ORDER BY at),
                  at, status, "durationMs", error, excerpt
           FROM made
         ), awaited AS (
           UPDATE deliveries e SET due_at = now(), waits_for_start = false
           FROM made JOIN deliveries s ON s.id = made."deliveryId" AND s.event = 'onStart'
           WHERE e.asset_id = s.asset_id AND e.attempt = s.attempt AND e.waits_for_start
         ), successes AS (
           -- Not at every success: the endpoint's row would be the bottleneck of all its deliveries.
           UPDATE endpoints e SET delivered_at = now(), failing_since = NULL,
             verified_at = coalesce(e.verified_at, e.delivered_at, now())
           FROM made JOIN deliveries d ON d.id = made."deliveryId"
           WHERE e.id = d.endpoint_id AND made.state = 'delivered'
             AND (e.failing_since IS NOT NULL OR e.delivered_at IS NULL OR e.delivered_at < now() - interval '1 min')
         )
         UPDATE deliveries SET state = made.state, failure = made.failure,
           finished_at = CASE WHEN made.state <> 'pending' THEN now() END
         FROM made
         WHERE deliveries.id = made."deliveryId" AND deliveries.state = 'pending'
           -- Replayed while the try was under way: its end is not the end of the new round, unless it was a success.
           AND (deliveries.replays = made.round OR made.state = 'delivered')`,
        [JSON.stringify(tries)],
      );
      return tries.map(() => undefined);
    },
    { maxGroup: MAX_GROUPED_TRIES, maxConcurrent: 2 },
  );

  async function recordFailure(endpointId: string, failure: DeliveryFailure | null): Promise<void> {
    await execute(
      orm,
      `UPDATE endpoints SET
         failing_since = coalesce(failing_since, now()),
         disabled_at = CASE WHEN reason IS NOT NULL THEN now() END,
         disabled_because = reason
       FROM (SELECT CASE WHEN ? THEN 'gone'
                         WHEN failing_since < now() - interval '${DISABLE_AFTER_FAILING_H} hours' THEN 'failing' END AS reason
             FROM endpoints WHERE id = ?) AS judged
       WHERE id = ? AND disabled_at IS NULL AND (reason IS NOT NULL OR failing_since IS NULL)`,
      [failure === 'endpoint_gone', endpointId, endpointId],
    );
  }

  return {
    async findPending(id) {
      const [row] = await execute<
        {
          tenant: string;
          url: string;
          body: string;
          tries: string;
          startDueAt: string | null;
          endpointId: string;
          round: number;
        } & SecretColumns
      >(
        orm,
        `SELECT d.owner AS tenant, d.url, d.body, d.endpoint_id AS "endpointId", d.replays AS round, ${ENDPOINT},
           (SELECT count(*) FROM delivery_tries WHERE delivery_id = d.id) - d.tries_before_replay AS tries,
           (SELECT s.created_at FROM deliveries s
            WHERE d.event <> 'onStart' AND s.asset_id = d.asset_id AND s.attempt = d.attempt AND s.event = 'onStart'
              AND s.state = 'pending' AND NOT EXISTS (SELECT FROM delivery_tries WHERE delivery_id = s.id)
           ) AS "startDueAt"
         FROM deliveries d LEFT JOIN endpoints e ON e.id = d.endpoint_id WHERE d.id = ? AND d.state = 'pending'`,
        [id],
      );
      if (row === undefined) return null;
      const { tenant, url, body, tries, startDueAt, endpointId, round } = row;
      return {
        id,
        tenant,
        url,
        body,
        tries: Number(tries),
        round,
        startEventDueAt: startDueAt === null ? null : new Date(startDueAt),
        endpointId,
        endpoint: asEndpoint(row),
      };
    },

    async createEndpoint(deliveryId, secret) {
      const row = await createEndpointRow<SecretColumns>(orm, ENDPOINT, {
        deliveryId,
        secret,
        max: endpointsMax,
      });
      if (row === undefined) throw new Error('The delivery is gone');
      return asEndpoint(row);
    },

    async recordTry({ id, endpointId, round }, tryMade, state, failure) {
      await record({ deliveryId: id, state, failure, round, ...tryMade });
      if (state !== 'delivered') await recordFailure(endpointId, failure);
    },

    async markVerified(endpointId) {
      await execute(orm, 'UPDATE endpoints SET verified_at = now() WHERE id = ? AND verified_at IS NULL', [
        endpointId,
      ]);
    },

    async failUntried(id, failure) {
      await execute(
        orm,
        `UPDATE deliveries SET state = 'failed', failure = ?, finished_at = now() WHERE id = ? AND state = 'pending'`,
        [failure, id],
      );
    },

    async markHandedOver(id) {
      await execute(
        orm,
        'UPDATE deliveries SET handed_over_at = now() WHERE id = ? AND handed_over_at IS NULL',
        [id],
      );
    },

    async park(id, afterMs) {
      await execute(
        orm,
        `UPDATE deliveries SET due_at = now() + make_interval(secs => ?), handed_over_at = NULL
         WHERE id = ? AND state = 'pending'`,
        [afterMs / 1000, id],
      );
    },

    async parkUntilStartEvent(id, afterMs) {
      await execute(
        orm,
        `UPDATE deliveries SET due_at = now() + make_interval(secs => ?), waits_for_start = true
         WHERE id = ? AND state = 'pending'`,
        [afterMs / 1000, id],
      );
    },
  };
}

function asEndpoint({
  secret,
  previousSecret,
  isDisabled,
  isVerified,
}: SecretColumns): DeliveryEndpoint | null {
  if (secret === null) return null;
  return {
    isDisabled: isDisabled === true,
    isVerified: isVerified === true,
    secrets: previousSecret === null ? [secret] : [secret, previousSecret],
  };
}
