import { v7 as uuidv7 } from 'uuid';
import type { NotificationKey, Notifications } from '../../domain/asset.ts';
import { HANDOVER_GRACE_S } from '../../domain/delivery.ts';
import { endEventBody, EVENT_OF_STATE } from '../../domain/events.ts';
import { errorsOf, reportFindings } from '../../domain/findings.ts';
import type { EventSender } from '../../domain/ports/validations.ts';
import type { Verdict } from '../../domain/verdict.ts';

/**
 * The one statement that ends an attempt: state, findings and the delivery row commit together, so no event can
 * vanish. `owner` is the condition that names the row; it returns the delivery's id if it is to be sent.
 */
export function terminalWrite(
  assetId: string,
  verdict: Verdict,
  notifications: Notifications,
  owner: { readonly condition: string; readonly params: readonly unknown[] },
  sender: EventSender,
): { sql: string; params: unknown[] } {
  const { state } = verdict;
  const event = EVENT_OF_STATE[state];
  const findings = reportFindings(verdict.findings, notifications);
  const errors = state === 'failed' ? errorsOf(findings) : null;
  const body = endEventBody(assetId, state, errors);
  return {
    sql: `WITH finished AS (
        UPDATE assets SET state = ?, errors = ?::json, findings = ?::json, steps = ?::json, image = ?::json,
          finished_at = now()
        WHERE id = ? AND ${owner.condition}
        RETURNING id, owner, attempt, webhooks->'${event}' AS webhook
      ), ${insertDelivery(event, 'finished')}
      SELECT delivery.id AS delivery_id, delivery.state AS delivery_state FROM finished LEFT JOIN delivery ON true`,
    params: [
      state,
      errors === null ? null : JSON.stringify(errors),
      JSON.stringify(findings),
      // None: what there would have been follows from the policy, which the row names.
      verdict.steps.length === 0 ? null : JSON.stringify(verdict.steps),
      verdict.image === null ? null : JSON.stringify(verdict.image),
      assetId,
      ...owner.params,
      ...deliveryParams(body, sender),
    ],
  };
}

/** The CTE `delivery`: inserts the event's row for the asset in CTE `changed`, or finds the one that is there. */
export function insertDelivery(event: NotificationKey, changed: string): string {
  return `delivery AS (
    INSERT INTO deliveries (id, asset_id, owner, attempt, event, url, body, state, due_at, finished_at)
    SELECT ?, id, owner, attempt, '${event}', webhook->>'url', ?,
           CASE WHEN (webhook->>'usable')::boolean THEN 'pending' ELSE 'skipped' END,
           now() + make_interval(secs => ?),
           CASE WHEN NOT (webhook->>'usable')::boolean THEN now() END
    FROM ${changed} WHERE webhook IS NOT NULL
    ON CONFLICT (asset_id, attempt, event) DO UPDATE SET event = excluded.event
    RETURNING id, state
  )`;
}

export function deliveryParams(body: string, sender: EventSender): unknown[] {
  return [uuidv7(), body, sender === 'writer' ? HANDOVER_GRACE_S : 0];
}
