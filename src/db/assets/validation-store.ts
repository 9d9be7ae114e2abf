import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import {
  NOTIFICATION_KEYS,
  type NotificationKey,
  type Notifications,
  type TerminalState,
} from '../../domain/asset.ts';
import type { AssetPath } from '../../domain/sources/asset-path.ts';
import { EVENT_OF_STATE, startEventBody } from '../../domain/events.ts';
import type { EventToSend, OnVerdict, RunRef, ValidationStore } from '../../domain/ports/validations.ts';
import { query } from '../query.ts';
import { HOLDER } from './holder.ts';
import { takenOverBy } from './lifecycle.ts';
import {
  DELIVERY_COLUMNS,
  type DeliveryColumns,
  describeEnd,
  insertDelivery,
  terminalWrite,
} from './terminal-write.ts';

/**
 * `onWork` is called after a write that leaves a delivery for the dispatcher, `onVerdict` after each write that ends an
 * attempt.
 */
export function createValidationStore(
  orm: MikroORM,
  onWork: () => void,
  onVerdict: OnVerdict = () => undefined,
): ValidationStore {
  async function readWebhooks(assetId: string): Promise<Notifications> {
    const row = await query(orm, (db) =>
      db.selectFrom('assets').select('webhooks').where('id', '=', assetId).executeTakeFirst(),
    );
    const given: { -readonly [Key in keyof Notifications]: string } = {};
    for (const key of NOTIFICATION_KEYS) {
      const webhook = row?.webhooks[key];
      if (webhook !== undefined) given[key] = webhook.url;
    }
    return given;
  }

  /** The verdict of the run's attempt, if it has ended already. */
  async function readStoredEnd({ assetId, runId }: RunRef) {
    const { rows } = await query(orm, (db) =>
      sql<{ state: TerminalState; event: NotificationKey | null } & DeliveryColumns>`
        SELECT a.state, d.event, d.id AS delivery_id, d.state AS delivery_state
        FROM assets a LEFT JOIN deliveries d ON d.asset_id = a.id AND d.attempt = a.attempt AND d.event <> 'onStart'
        WHERE a.id = ${assetId} AND a.run_id = ${runId} AND a.finished_at IS NOT NULL`.execute(db),
    );
    return rows[0];
  }

  async function readAssetPath(assetId: string): Promise<AssetPath | null> {
    const row = await query(orm, (db) =>
      db
        .selectFrom('assets')
        .select(['location', 'path', 'locator'])
        .where('id', '=', assetId)
        .executeTakeFirst(),
    );
    if (row === undefined) return null;
    return row.locator ?? { location: 'local', path: row.path };
  }

  return {
    readWebhooks,
    readAssetPath,

    async claim({ assetId, runId }, attempt, workflowId) {
      const start = { event: 'onStart', body: startEventBody(assetId), sender: 'writer' } as const;
      const { rows } = await query(orm, (db) =>
        sql<{ claims: number; tenant: string } & DeliveryColumns>`
          WITH claimed AS (
            UPDATE assets SET
              state = CASE WHEN state = 'queued' THEN 'in_progress' ELSE state END,
              run_id = ${runId}, claims = claims + 1, started_at = coalesce(started_at, now()),
              -- The dispatcher may have died between the start of the workflow and its own mark.
              dispatched_at = coalesce(dispatched_at, now()),
              held_by = CASE WHEN dispatched_at IS NULL THEN ${workflowId ?? null} ELSE held_by END
            WHERE id = ${assetId}
              AND (run_id = ${runId} OR (run_id IS NULL AND attempt = ${attempt} AND state = 'queued'))
            RETURNING id, owner, attempt, claims, webhooks->'onStart' AS webhook
          ), ${insertDelivery('claimed', start)}
          SELECT claims, claimed.owner AS tenant, ${DELIVERY_COLUMNS} FROM claimed LEFT JOIN delivery ON true`.execute(
          db,
        ),
      );
      const [row] = rows;
      if (row === undefined) return { outcome: 'not_owner' };
      const { claims, tenant } = row;
      return { outcome: 'owned', claims, tenant, send: eventToSend('onStart', row) };
    },

    async recordSteps({ assetId, runId }, steps) {
      const { rows } = await query(orm, (db) =>
        sql`
          UPDATE assets SET steps = CASE WHEN state = 'in_progress' THEN ${JSON.stringify(steps)}::json ELSE steps END
          WHERE id = ${assetId} AND run_id = ${runId} RETURNING id`.execute(db),
      );
      return { outcome: rows.length === 0 ? 'not_owner' : 'owned' };
    },

    async finish(run, verdict, sender = 'writer') {
      const hasUrlFinding = verdict.findings.some((finding) => finding.code === 'webhook_url_invalid');
      const write = terminalWrite({
        assetId: run.assetId,
        condition: sql`run_id = ${run.runId} AND state = 'in_progress'`,
        verdict,
        notifications: hasUrlFinding ? await readWebhooks(run.assetId) : {},
        sender,
      });
      const { rows } = await query(orm, (db) => write.execute(db));
      const [row] = rows;
      if (row !== undefined) {
        onVerdict(describeEnd(run.assetId, verdict, row));
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
      // onStart is due at once, because the run may be past its claim (a reset to a later task) and send none. Unsent events of
      // the run before are due at once, too, because a reset ends that run wherever it is.
      const start = { event: 'onStart', body: startEventBody(assetId), sender: 'delivery_workflow' } as const;
      const { rows } = await query(orm, (db) =>
        sql`
          WITH taken AS (
            UPDATE assets SET ${takenOverBy(runId, workflowId)}
            WHERE id = ${assetId} AND run_id IS DISTINCT FROM ${runId} AND ${HOLDER} = ${workflowId}
            RETURNING id, owner, attempt, webhooks->'onStart' AS webhook
          ), ${insertDelivery('taken', start)}, orphaned AS (
            UPDATE deliveries SET due_at = now()
            FROM taken WHERE asset_id = taken.id AND deliveries.state = 'pending' AND handed_over_at IS NULL
          )
          SELECT id FROM taken`.execute(db),
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
