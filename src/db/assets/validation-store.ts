import type { MikroORM } from '@mikro-orm/postgresql';
import {
  NOTIFICATION_KEYS,
  type NotificationKey,
  type Notifications,
  type TerminalState,
} from '../../domain/asset.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import { EVENT_OF_STATE, startEventBody } from '../../domain/events.ts';
import type { EventToSend, RunRef, ValidationStore } from '../../domain/ports/validations.ts';
import type { Webhooks } from '../entities.ts';
import { execute } from '../execute.ts';
import { HOLDER } from './holder.ts';
import { deliveryParams, insertDelivery, terminalWrite } from './terminal-write.ts';

interface DeliveryColumns {
  readonly delivery_id: string | null;
  readonly delivery_state: DeliveryState | null;
}

/** `onWork` is called after a write that leaves a delivery for the dispatcher. */
export function createValidationStore(orm: MikroORM, onWork: () => void): ValidationStore {
  async function readWebhooks(assetId: string): Promise<Notifications> {
    const [row] = await execute<{ webhooks: Webhooks }>(orm, 'SELECT webhooks FROM assets WHERE id = ?', [
      assetId,
    ]);
    const given: { -readonly [Key in keyof Notifications]: string } = {};
    for (const key of NOTIFICATION_KEYS) {
      const webhook = row?.webhooks[key];
      if (webhook !== undefined) given[key] = webhook.url;
    }
    return given;
  }

  /** What the run's attempt already came to, if it has ended. */
  async function readStoredEnd({ assetId, runId }: RunRef) {
    const [row] = await execute<{ state: TerminalState; event: NotificationKey | null } & DeliveryColumns>(
      orm,
      `SELECT a.state, d.event, d.id AS delivery_id, d.state AS delivery_state
       FROM assets a LEFT JOIN deliveries d ON d.asset_id = a.id AND d.attempt = a.attempt AND d.event <> 'onStart'
       WHERE a.id = ? AND a.run_id = ? AND a.finished_at IS NOT NULL`,
      [assetId, runId],
    );
    return row;
  }

  return {
    readWebhooks,

    async claim({ assetId, runId }, attempt) {
      const [row] = await execute<{ claims: number } & DeliveryColumns>(
        orm,
        `WITH claimed AS (
           UPDATE assets SET
             state = CASE WHEN state = 'queued' THEN 'in_progress' ELSE state END,
             run_id = ?, claims = claims + 1, started_at = coalesce(started_at, now())
           WHERE id = ? AND (run_id = ? OR (run_id IS NULL AND attempt = ? AND state = 'queued'))
           RETURNING id, owner, attempt, claims, webhooks->'onStart' AS webhook
         ), ${insertDelivery('onStart', 'claimed')}
         SELECT claims, delivery.id AS delivery_id, delivery.state AS delivery_state
         FROM claimed LEFT JOIN delivery ON true`,
        [runId, assetId, runId, attempt, ...deliveryParams(startEventBody(assetId), 'writer')],
      );
      if (row === undefined) return { outcome: 'not_owner' };
      return { outcome: 'owned', claims: row.claims, send: eventToSend('onStart', row) };
    },

    async recordSteps({ assetId, runId }, steps) {
      const rows = await execute(
        orm,
        `UPDATE assets SET steps = CASE WHEN state = 'in_progress' THEN ?::json ELSE steps END
         WHERE id = ? AND run_id = ? RETURNING id`,
        [JSON.stringify(steps), assetId, runId],
      );
      return { outcome: rows.length === 0 ? 'not_owner' : 'owned' };
    },

    async finish(run, verdict, sender = 'writer') {
      const hasUrlFinding = verdict.findings.some((finding) => finding.code === 'webhook_url_invalid');
      const { sql, params } = terminalWrite(
        run.assetId,
        verdict,
        hasUrlFinding ? await readWebhooks(run.assetId) : {},
        { condition: `run_id = ? AND state = 'in_progress'`, params: [run.runId] },
        sender,
      );
      const [row] = await execute<DeliveryColumns>(orm, sql, params);
      if (row !== undefined) {
        if (sender === 'delivery_workflow') onWork();
        return {
          outcome: 'owned',
          state: verdict.state,
          send: eventToSend(EVENT_OF_STATE[verdict.state], row),
        };
      }
      const stored = await readStoredEnd(run);
      if (stored === undefined) return { outcome: 'not_owner' };
      return {
        outcome: 'owned',
        state: stored.state,
        send: stored.event === null ? null : eventToSend(stored.event, stored),
      };
    },

    async takeOver({ assetId, runId }, workflowId) {
      // The run may be past its claim (a reset to a later task), so nobody may be left to send onStart: due at once. So
      // is what the run before had not sent: a reset ends it wherever it was.
      const rows = await execute(
        orm,
        `WITH taken AS (
           UPDATE assets SET state = 'in_progress', attempt = attempt + 1, run_id = ?, claims = 0,
             dispatched_at = now(), held_by = ?, lease_until = NULL, checked_at = NULL,
             cancel_requested_at = NULL, cancel_reason = NULL, cancel_signaled_at = NULL,
             errors = NULL, findings = NULL, steps = NULL, image = NULL, started_at = now(), finished_at = NULL
           WHERE id = ? AND run_id IS DISTINCT FROM ? AND ${HOLDER} = ?
           RETURNING id, owner, attempt, webhooks->'onStart' AS webhook
         ), ${insertDelivery('onStart', 'taken')}, orphaned AS (
           UPDATE deliveries SET due_at = now()
           FROM taken WHERE asset_id = taken.id AND deliveries.state = 'pending' AND handed_over_at IS NULL
         )
         SELECT id FROM taken`,
        [
          runId,
          workflowId,
          assetId,
          runId,
          workflowId,
          ...deliveryParams(startEventBody(assetId), 'delivery_workflow'),
        ],
      );
      onWork();
      return rows.length > 0;
    },
  };
}

function eventToSend(
  event: NotificationKey,
  { delivery_id: deliveryId, delivery_state: state }: DeliveryColumns,
): EventToSend | null {
  return deliveryId === null || state !== 'pending' ? null : { deliveryId, event };
}
