import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { CancelToSignal, DispatchQueue, OverdueDelivery } from '../../domain/ports/dispatch.ts';
import type { OnVerdict } from '../../domain/ports/validations.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { inMs, UNATTENDED } from '../deliveries/lifecycle.ts';
import { groupByTick } from '../group-by-tick.ts';
import { query } from '../query.ts';
import { HOLDER, IS_HELD_BY_OWN_WORKFLOW } from './holder.ts';
import { createLeaseInTurns } from './lease-in-turns.ts';
import { IS_NOT_LEASED, IS_OPEN, IS_TO_DISPATCH } from './lifecycle.ts';
import { describeEnd, terminalWrite } from './terminal-write.ts';

/** An API starts workflows itself if no worker has signed in for this long. Workers sign in every second. */
const WORKER_GONE_AFTER_S = 5;

/**
 * How many workflows may wait for a worker. They keep the first worker busy until its own dispatcher paces it. More would reach
 * it as one flood of first tasks, and each holds memory in Temporal until then.
 */
const MAX_AHEAD = 200;

/** How many requests to cancel are passed on in one round. */
const MAX_CANCELS = 50;

/** As long as steps in trouble are tried again (`workflows/durable.ts`). */
const TIME_FOR_TROUBLE = sql`interval '24 hours'`;

/**
 * How many overdue deliveries are read in one round. Each takes the dispatcher some milliseconds, and a delivery that becomes
 * overdue meanwhile waits for the next round.
 */
const MAX_OVERDUE = 16;

/** How many deliveries of one endpoint are put off in one round. Other tenants wait for that. */
const MAX_PARKED = 1_000;

interface DispatchedAsset {
  readonly id: string;
  readonly attempt: number;
  readonly heldBy: string;
}

/** The verdict of an asset whose start Temporal refuses for good. */
const NEVER_STARTED: Verdict = {
  state: 'failed',
  findings: [{ code: 'internal_error', key: 'internal' }],
  steps: [],
  image: null,
};

/**
 * `orm` is a pool of its own, because leases must not queue behind the work of requests or activities. `onVerdict` is called after
 * a write that ends an attempt.
 */
export function createDispatchQueue(orm: MikroORM, onVerdict: OnVerdict = () => undefined): DispatchQueue {
  const mark = groupByTick(
    async (assets: readonly DispatchedAsset[]) => {
      // The subqueries hide the lengths from the planner, as in `recordTries`.
      const column = <Key extends keyof DispatchedAsset>(key: Key) => assets.map((asset) => asset[key]);
      await query(orm, (db) =>
        sql`
          UPDATE assets SET dispatched_at = now(), held_by = started.held_by, lease_until = NULL
          FROM unnest((SELECT ${column('id')}::uuid[]), (SELECT ${column('attempt')}::integer[]), (SELECT ${column('heldBy')}::text[]))
            AS started (id, attempt, held_by)
          WHERE assets.id = started.id AND assets.attempt = started.attempt AND dispatched_at IS NULL`.execute(
          db,
        ),
      );
      return assets.map(() => undefined);
    },
    { maxGroup: 100, maxConcurrent: 1 },
  );

  return {
    lease: createLeaseInTurns(orm),

    async markDispatched(asset) {
      await mark(asset);
    },

    async giveUp({ id, attempt }) {
      const write = terminalWrite({
        assetId: id,
        condition: sql`attempt = ${attempt} AND ${IS_TO_DISPATCH} AND created_at < now() - ${TIME_FOR_TROUBLE}`,
        verdict: NEVER_STARTED,
        notifications: {},
        sender: 'delivery_workflow',
      });
      const { rows } = await query(orm, (db) => write.execute(db));
      for (const row of rows) onVerdict(describeEnd(id, NEVER_STARTED, row));
    },

    async release({ id, attempt }, afterMs) {
      await query(orm, (db) =>
        db
          .updateTable('assets')
          .set({ lease_until: inMs(afterMs) })
          .where('id', '=', id)
          .where('attempt', '=', attempt)
          .execute(),
      );
    },

    async cancelsToSignal() {
      const { rows } = await query(orm, (db) =>
        sql<CancelToSignal>`
          SELECT id, attempt, "heldBy", reason FROM (
            SELECT id, attempt, ${HOLDER} AS "heldBy", cancel_reason AS reason, cancel_requested_at,
              row_number() OVER (PARTITION BY owner ORDER BY cancel_requested_at) AS place
            FROM assets
            WHERE cancel_requested_at IS NOT NULL AND cancel_signaled_at IS NULL AND ${IS_OPEN}
              AND dispatched_at IS NOT NULL AND ${IS_HELD_BY_OWN_WORKFLOW}
              AND ${IS_NOT_LEASED}
          ) AS waiting
          ORDER BY place, cancel_requested_at LIMIT ${MAX_CANCELS}`.execute(db),
      );
      return rows;
    },

    async markCancelSignaled({ id, attempt }) {
      await query(orm, (db) =>
        db
          .updateTable('assets')
          .set({ cancel_signaled_at: sql`now()` })
          .where('id', '=', id)
          .where('attempt', '=', attempt)
          .execute(),
      );
    },

    async overdueDeliveries(except = new Set()) {
      // Goes from tenant to tenant by the index `deliveries_unattended`, and reads only the deliveries that it takes. So its time
      // does not grow with those that wait. Measured: 1 ms with 300,000 of one tenant, 6 ms with 200 tenants beside it.
      const { rows } = await query(orm, (db) =>
        sql<OverdueDelivery>`
          WITH RECURSIVE tenants AS (
            SELECT min(owner) AS owner FROM deliveries WHERE ${UNATTENDED}
            UNION ALL
            SELECT (SELECT min(d.owner) FROM deliveries d WHERE ${UNATTENDED} AND d.owner > tenants.owner)
            FROM tenants WHERE tenants.owner IS NOT NULL
          )
          SELECT id, tenants.owner AS tenant, url, endpoint_id AS "endpointId"
          FROM tenants CROSS JOIN LATERAL (
            SELECT id, url, endpoint_id, due_at, row_number() OVER (ORDER BY due_at) AS place FROM deliveries d
            WHERE d.owner = tenants.owner AND ${UNATTENDED} AND due_at < now()
            ORDER BY due_at LIMIT ${sql.lit(MAX_OVERDUE)}
          ) AS overdue
          WHERE tenants.owner <> ALL (${[...except]}::text[])
          ORDER BY place, due_at LIMIT ${sql.lit(MAX_OVERDUE)}`.execute(db),
      );
      return rows;
    },

    async parkOverdue({ tenant, endpointId }, afterMs) {
      await query(orm, (db) =>
        sql`
          UPDATE deliveries SET due_at = ${inMs(afterMs)} WHERE id IN (
            SELECT id FROM deliveries
            WHERE owner = ${tenant} AND endpoint_id = ${endpointId} AND ${UNATTENDED} AND due_at < now()
            ORDER BY due_at LIMIT ${sql.lit(MAX_PARKED)} FOR UPDATE SKIP LOCKED
          )`.execute(db),
      );
    },

    async markHandedOver(deliveryId) {
      // The mark is read as text, because a Date has fewer digits than the column.
      const { rows } = await query(orm, (db) =>
        sql<{ mark: string }>`
          UPDATE deliveries SET handed_over_at = now() WHERE id = ${deliveryId} AND ${UNATTENDED} AND due_at < now()
          RETURNING handed_over_at::text AS mark`.execute(db),
      );
      return rows[0]?.mark ?? null;
    },

    async unmarkHandedOver(deliveryId, mark, afterMs) {
      await query(orm, (db) =>
        db
          .updateTable('deliveries')
          .set({ handed_over_at: null, due_at: inMs(afterMs) })
          .where('id', '=', deliveryId)
          .where('handed_over_at', '=', sql<Date>`${mark}::timestamptz`)
          .execute(),
      );
    },

    async renewWorker(workerId) {
      await query(orm, (db) =>
        sql`
          WITH gone AS (DELETE FROM workers WHERE seen_at < now() - interval '1 hour' AND id <> ${workerId})
          INSERT INTO workers (id, seen_at) VALUES (${workerId}, now())
          ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`.execute(db),
      );
    },

    async removeWorker(workerId) {
      await query(orm, (db) => db.deleteFrom('workers').where('id', '=', workerId).execute());
    },

    async hasLiveWorker() {
      // A time ahead is from before the database's clock was set back. A worker that lives replaces it within a second.
      const recent = sql`make_interval(secs => ${WORKER_GONE_AFTER_S})`;
      const { rows } = await query(orm, (db) =>
        sql<{ alive: boolean }>`
          SELECT EXISTS (
            SELECT FROM workers WHERE seen_at > now() - ${recent} AND seen_at < now() + ${recent}
          ) AS alive`.execute(db),
      );
      return rows[0]?.alive ?? false;
    },

    async mayStartWithoutWorker() {
      if (await this.hasLiveWorker()) return false;
      const { rows } = await query(orm, (db) =>
        sql<{ ahead: number }>`
          SELECT count(*)::integer AS ahead FROM (
            SELECT FROM assets WHERE state = 'queued' AND dispatched_at IS NOT NULL LIMIT ${MAX_AHEAD}
          ) AS waiting`.execute(db),
      );
      return (rows[0]?.ahead ?? MAX_AHEAD) < MAX_AHEAD;
    },
  };
}
