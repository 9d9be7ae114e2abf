import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { Notifications } from '../../domain/asset.ts';
import type { OpenAsset, RepairStore, SeenAsset } from '../../domain/ports/repairs.ts';
import type { OnVerdict } from '../../domain/ports/validations.ts';
import { forgetOldKeys } from './accept-once.ts';
import { query } from '../query.ts';
import { uncheckedInTurns } from '../unchecked-in-turns.ts';
import { HOLDER, IS_HELD_BY_OWN_WORKFLOW } from './holder.ts';
import { IS_OPEN, QUEUED_AGAIN } from './lifecycle.ts';
import { describeEnd, terminalWrite } from './terminal-write.ts';

/** A row dispatched within this time may not have reached Temporal's index or its first task yet. */
const SETTLED_AFTER_S = 15;

/** A time further ahead is from before the database's clock was set back. Such a row must not wait until that time. */
function isSettled(column: 'dispatched_at' | 'handed_over_at') {
  const grace = sql`make_interval(secs => ${sql.lit(SETTLED_AFTER_S)})`;
  return sql<boolean>`(${sql.ref(column)} < now() - ${grace} OR ${sql.ref(column)} > now() + ${grace})`;
}

const OPEN_ASSET = sql`id, attempt, run_id AS "runId", ${HOLDER} AS "heldBy",
  coalesce(${isSettled('dispatched_at')}, false) AS "isSettled"`;

const TO_CHECK = sql<boolean>`${IS_OPEN} AND ${isSettled('dispatched_at')}`;

/** True for the row as it was read. A repair changes only such a row. */
function asSeen({ attempt, runId, heldBy }: SeenAsset) {
  return sql<boolean>`attempt = ${attempt} AND run_id IS NOT DISTINCT FROM ${runId} AND ${HOLDER} = ${heldBy} AND ${IS_OPEN}`;
}

/**
 * `readWebhooks` returns the texts for findings about URLs. `onWork` is called if there is work to dispatch, `onVerdict` after
 * a write that ends an attempt.
 */
export function createRepairStore(
  orm: MikroORM,
  readWebhooks: (assetId: string) => Promise<Notifications>,
  onWork: () => void,
  onVerdict: OnVerdict = () => undefined,
): RepairStore {
  return {
    async readMark() {
      const { rows } = await query(orm, (db) =>
        sql<{ closedUntil: Date }>`
          INSERT INTO reconcile_mark (closed_until) VALUES (now() - interval '1 day')
          ON CONFLICT (only_row) DO UPDATE SET only_row = true RETURNING closed_until AS "closedUntil"`.execute(
          db,
        ),
      );
      return rows[0]?.closedUntil ?? new Date(0);
    },

    async writeMark(closedUntil) {
      await query(orm, (db) => db.updateTable('reconcile_mark').set({ closed_until: closedUntil }).execute());
    },

    async findOpen(ids) {
      const { rows } = await query(orm, (db) =>
        sql<OpenAsset>`SELECT ${OPEN_ASSET} FROM assets WHERE ${IS_OPEN} AND id = ANY (${ids}::uuid[])`.execute(
          db,
        ),
      );
      return rows;
    },

    async takeLongestUnchecked(count) {
      const { rows } = await query(orm, (db) =>
        sql<OpenAsset>`
          UPDATE assets SET checked_at = now() WHERE id IN (
            SELECT id FROM assets
            WHERE id IN (${uncheckedInTurns('assets', sql`${isSettled('dispatched_at')} AND ${IS_HELD_BY_OWN_WORKFLOW}`, count)})
            FOR UPDATE SKIP LOCKED
          ) RETURNING ${OPEN_ASSET}`.execute(db),
      );
      return rows;
    },

    async listOtherHolders() {
      const { rows } = await query(orm, (db) =>
        sql<{ heldBy: string }>`
          SELECT DISTINCT held_by AS "heldBy" FROM assets WHERE ${TO_CHECK} AND NOT ${IS_HELD_BY_OWN_WORKFLOW}`.execute(
          db,
        ),
      );
      return rows.map(({ heldBy }) => heldBy);
    },

    async takeHeldBy(workflowId, count) {
      const { rows } = await query(orm, (db) =>
        sql<OpenAsset>`
          UPDATE assets SET checked_at = now() WHERE id IN (
            SELECT id FROM assets WHERE ${TO_CHECK} AND held_by = ${workflowId}
            ORDER BY checked_at NULLS FIRST, id LIMIT ${count} FOR UPDATE SKIP LOCKED
          ) RETURNING ${OPEN_ASSET}`.execute(db),
      );
      return rows;
    },

    async requeue(asset) {
      await query(orm, (db) =>
        sql`UPDATE assets SET ${QUEUED_AGAIN} WHERE id = ${asset.id} AND ${asSeen(asset)}`.execute(db),
      );
      onWork();
    },

    async close(asset, verdict) {
      const write = terminalWrite({
        assetId: asset.id,
        condition: asSeen(asset),
        verdict,
        notifications: await readWebhooks(asset.id),
        sender: 'delivery_workflow',
      });
      const { rows } = await query(orm, (db) => write.execute(db));
      for (const row of rows) onVerdict(describeEnd(asset.id, verdict, row));
      onWork();
    },

    async takeDeliveriesLongestUnchecked(count) {
      const { rows } = await query(orm, (db) =>
        sql<{ id: string; handedOverAgoMs: number }>`
          UPDATE deliveries SET checked_at = now() WHERE id IN (
            SELECT id FROM deliveries
            WHERE id IN (${uncheckedInTurns('deliveries', isSettled('handed_over_at'), count)})
            FOR UPDATE SKIP LOCKED
          ) RETURNING id, 1000 * extract(epoch FROM now() - handed_over_at)::float8 AS "handedOverAgoMs"`.execute(
          db,
        ),
      );
      return rows;
    },

    async makeDeliveryDue(deliveryId) {
      await query(orm, (db) =>
        db
          .updateTable('deliveries')
          .set({ handed_over_at: null, due_at: sql`now()` })
          .where('id', '=', deliveryId)
          .where('state', '=', 'pending')
          .execute(),
      );
      onWork();
    },

    forgetOldKeys: () => forgetOldKeys(orm),

    async stopDelivery(deliveryId) {
      await query(orm, (db) =>
        db
          .updateTable('deliveries')
          .set({ state: 'failed', failure: 'stopped', finished_at: sql`now()` })
          .where('id', '=', deliveryId)
          .where('state', '=', 'pending')
          .execute(),
      );
    },
  };
}
