import type { MikroORM } from '@mikro-orm/postgresql';
import { sql, type UpdateObject } from 'kysely';
import {
  type DeliveryEndpoint,
  type DeliveryFailure,
  DISABLE_AFTER_FAILING_H,
  type PendingDelivery,
  START_EVENT_GRACE_MS,
} from '../../domain/delivery.ts';
import type { DeliveryStore } from '../../domain/ports/webhooks.ts';
import { createEndpointRow } from './create-endpoint.ts';
import type { Tables } from '../entities.ts';
import { groupByTick } from '../group-by-tick.ts';
import { query } from '../query.ts';
import { inMs } from './lifecycle.ts';
import { recordTries, type TryToRecord } from './record-tries.ts';

/** How many tries one statement records. */
const MAX_GROUPED_TRIES = 100;

interface SecretColumns {
  readonly secret: Uint8Array | null;
  readonly previousSecret: Uint8Array | null;
  readonly isDisabled: boolean | null;
  readonly isVerified: boolean | null;
}

type PendingRow = Omit<PendingDelivery, 'endpoint'> & SecretColumns;

/** The columns of an endpoint `e` that `asEndpoint` reads. */
const ENDPOINT = sql`e.secret, CASE WHEN e.previous_secret_until > now() THEN e.previous_secret END AS "previousSecret",
  e.disabled_at IS NOT NULL AS "isDisabled", coalesce(e.verified_at, e.delivered_at) IS NOT NULL AS "isVerified"`;

/** `endpointsMax`: how many endpoints a tenant may have. */
export function createDeliveryStore(
  orm: MikroORM,
  { endpointsMax }: { endpointsMax: number },
): DeliveryStore {
  const record = groupByTick(
    async (tries: readonly TryToRecord[]) => {
      await recordTries(orm, tries);
      return tries.map(() => undefined);
    },
    {
      maxGroup: MAX_GROUPED_TRIES,
      maxConcurrent: 2,
      // A replay of many deliveries locks their rows for a while.
      partOf: ({ tenant }) => tenant,
      // Two tries of one delivery would be two sources for one row.
      uniqueBy: ({ deliveryId }) => deliveryId,
    },
  );

  async function recordFailure(endpointId: string, failure: DeliveryFailure | null): Promise<void> {
    await query(orm, (db) =>
      sql`
        UPDATE endpoints SET
          failing_since = coalesce(failing_since, now()),
          disabled_at = CASE WHEN reason IS NOT NULL THEN now() END,
          disabled_because = reason
        FROM (SELECT CASE WHEN ${failure === 'endpoint_gone'}::boolean THEN 'gone'
                          WHEN failing_since < now() - make_interval(hours => ${DISABLE_AFTER_FAILING_H}) THEN 'failing'
                     END AS reason
              FROM endpoints WHERE id = ${endpointId}) AS judged
        WHERE id = ${endpointId} AND disabled_at IS NULL AND (reason IS NOT NULL OR failing_since IS NULL)`.execute(
        db,
      ),
    );
  }

  return {
    async findPending(id) {
      const { rows } = await query(orm, (db) =>
        sql<PendingRow>`
          SELECT d.id, d.owner AS tenant, d.url, d.body, d.endpoint_id AS "endpointId", d.replays AS round,
            (SELECT webhook_events_per_minute FROM tenants WHERE tenants.owner = d.owner) AS "eventsPerMinute",
            ${ENDPOINT},
            (SELECT count(*)::integer FROM delivery_tries WHERE delivery_id = d.id) - d.tries_before_replay AS tries,
            greatest(0, (SELECT ${START_EVENT_GRACE_MS}::integer - 1000 * extract(epoch FROM now() - s.created_at) FROM deliveries s
             WHERE d.event <> 'onStart' AND s.asset_id = d.asset_id AND s.attempt = d.attempt AND s.event = 'onStart'
               AND s.state = 'pending' AND NOT EXISTS (SELECT FROM delivery_tries WHERE delivery_id = s.id)
            ))::integer AS "startEventWaitMs"
          FROM deliveries d LEFT JOIN endpoints e ON e.id = d.endpoint_id
          WHERE d.id = ${id} AND d.state = 'pending'`.execute(db),
      );
      const [row] = rows;
      if (row === undefined) return null;
      const { secret, previousSecret, isDisabled, isVerified, ...delivery } = row;
      return { ...delivery, endpoint: asEndpoint({ secret, previousSecret, isDisabled, isVerified }) };
    },

    async createEndpoint(deliveryId, secret) {
      const row = await createEndpointRow<SecretColumns>(orm, ENDPOINT, {
        deliveryId,
        secret,
        max: endpointsMax,
      });
      return row === undefined ? null : asEndpoint(row);
    },

    async recordTry({ id, tenant, endpointId, round }, tryMade, state, failure, waitMs = null) {
      await record({ deliveryId: id, tenant, state, failure, round, waitMs, ...tryMade });
      if (state !== 'delivered') await recordFailure(endpointId, failure);
    },

    async markVerified(endpointId) {
      await query(orm, (db) =>
        db
          .updateTable('endpoints')
          .set({ verified_at: sql`now()` })
          .where('id', '=', endpointId)
          .where('verified_at', 'is', null)
          .execute(),
      );
    },

    async failUntried(id, failure) {
      await updatePending(id, { state: 'failed', failure, finished_at: sql`now()` });
    },

    async markHandedOver(id) {
      await query(orm, (db) =>
        db
          .updateTable('deliveries')
          .set({ handed_over_at: sql`now()` })
          .where('id', '=', id)
          .where('handed_over_at', 'is', null)
          .execute(),
      );
    },

    async park(id, afterMs) {
      await updatePending(id, { due_at: inMs(afterMs), handed_over_at: null });
    },

    async parkUntilStartEvent(id, afterMs) {
      await updatePending(id, { due_at: inMs(afterMs), waits_for_start: true });
    },
  };

  async function updatePending(id: string, columns: UpdateObject<Tables, 'deliveries'>): Promise<void> {
    await query(orm, (db) =>
      db.updateTable('deliveries').set(columns).where('id', '=', id).where('state', '=', 'pending').execute(),
    );
  }
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
