import type { MikroORM } from '@mikro-orm/postgresql';
import type { Notifications } from '../../domain/asset.ts';
import type { OpenAsset, RepairStore } from '../../domain/ports/repairs.ts';
import { forgetOldKeys } from './accept-once.ts';
import { execute } from '../execute.ts';
import { HOLDER, IS_HELD_BY_OWN_WORKFLOW } from './holder.ts';
import { terminalWrite } from './terminal-write.ts';

const OPEN_ASSET = `id, attempt, run_id AS "runId", ${HOLDER} AS "heldBy"`;

/** A row dispatched within this time may not have reached Temporal's index or its first task yet. */
const SETTLED_AFTER_S = 15;

const TO_CHECK = `state IN ('queued', 'in_progress') AND dispatched_at < now() - make_interval(secs => ${SETTLED_AFTER_S})`;

/** A repair names the row as it was read. */
const AS_SEEN = `attempt = ? AND run_id IS NOT DISTINCT FROM ? AND ${HOLDER} = ? AND state IN ('queued', 'in_progress')`;

/** `readWebhooks` gives the texts for findings about URLs; `onWork` is called when something is left to dispatch. */
export function createRepairStore(
  orm: MikroORM,
  readWebhooks: (assetId: string) => Promise<Notifications>,
  onWork: () => void,
): RepairStore {
  return {
    async readMark() {
      const [row] = await execute<{ closedUntil: string }>(
        orm,
        `INSERT INTO reconcile_mark (closed_until) VALUES (now() - interval '1 day')
         ON CONFLICT (only_row) DO UPDATE SET only_row = true RETURNING closed_until AS "closedUntil"`,
        [],
      );
      return new Date(row?.closedUntil ?? 0);
    },

    async writeMark(closedUntil) {
      await execute(orm, 'UPDATE reconcile_mark SET closed_until = ?', [closedUntil.toISOString()]);
    },

    async findOpen(ids) {
      return execute<OpenAsset>(
        orm,
        `SELECT ${OPEN_ASSET} FROM assets
         WHERE state IN ('queued', 'in_progress') AND id IN (SELECT jsonb_array_elements_text(?::jsonb)::uuid)`,
        [JSON.stringify(ids)],
      );
    },

    async takeLongestUnchecked(count) {
      return execute<OpenAsset>(
        orm,
        `UPDATE assets SET checked_at = now() WHERE id IN (
           SELECT id FROM assets
           WHERE ${TO_CHECK} AND ${IS_HELD_BY_OWN_WORKFLOW}
           ORDER BY checked_at NULLS FIRST, id LIMIT ? FOR UPDATE SKIP LOCKED
         ) RETURNING ${OPEN_ASSET}`,
        [count],
      );
    },

    async listOtherHolders() {
      const rows = await execute<{ heldBy: string }>(
        orm,
        `SELECT DISTINCT held_by AS "heldBy" FROM assets WHERE ${TO_CHECK} AND NOT ${IS_HELD_BY_OWN_WORKFLOW}`,
        [],
      );
      return rows.map(({ heldBy }) => heldBy);
    },

    findHeldBy(workflowId, count) {
      return execute<OpenAsset>(
        orm,
        `SELECT ${OPEN_ASSET} FROM assets WHERE ${TO_CHECK} AND held_by = ? LIMIT ?`,
        [workflowId, count],
      );
    },

    async requeue({ id, attempt, runId, heldBy }) {
      await execute(
        orm,
        `UPDATE assets SET state = 'queued', run_id = NULL, claims = 0, dispatched_at = NULL, held_by = NULL,
           lease_until = NULL, checked_at = NULL, cancel_signaled_at = NULL, steps = NULL
         WHERE id = ? AND ${AS_SEEN}`,
        [id, attempt, runId, heldBy],
      );
      onWork();
    },

    async close({ id, attempt, runId, heldBy }, verdict) {
      const { sql, params } = terminalWrite(
        id,
        verdict,
        await readWebhooks(id),
        { condition: AS_SEEN, params: [attempt, runId, heldBy] },
        'delivery_workflow',
      );
      await execute(orm, sql, params);
      onWork();
    },

    async takeDeliveriesLongestUnchecked(count) {
      const rows = await execute<{ id: string; handedOverAt: string }>(
        orm,
        `UPDATE deliveries SET checked_at = now() WHERE id IN (
           SELECT id FROM deliveries
           WHERE state = 'pending' AND handed_over_at < now() - make_interval(secs => ${SETTLED_AFTER_S})
           ORDER BY checked_at NULLS FIRST, id LIMIT ? FOR UPDATE SKIP LOCKED
         ) RETURNING id, handed_over_at AS "handedOverAt"`,
        [count],
      );
      return rows.map(({ id, handedOverAt }) => ({ id, handedOverAt: new Date(handedOverAt) }));
    },

    async makeDeliveryDue(deliveryId) {
      await execute(
        orm,
        `UPDATE deliveries SET handed_over_at = NULL, due_at = now() WHERE id = ? AND state = 'pending'`,
        [deliveryId],
      );
      onWork();
    },

    forgetOldKeys: () => forgetOldKeys(orm),

    async stopDelivery(deliveryId) {
      await execute(
        orm,
        `UPDATE deliveries SET state = 'failed', failure = 'stopped', finished_at = now()
         WHERE id = ? AND state = 'pending'`,
        [deliveryId],
      );
    },
  };
}
