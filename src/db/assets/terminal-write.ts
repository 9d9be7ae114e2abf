import { type RawBuilder, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { NotificationKey, Notifications } from '../../domain/asset.ts';
import { type DeliveryState, HANDOVER_GRACE_S } from '../../domain/delivery.ts';
import { endEventBody, EVENT_OF_STATE } from '../../domain/events.ts';
import { errorsOf, reportFindings } from '../../domain/findings.ts';
import { describePolicy } from '../../domain/policy.ts';
import type { EventSender, WrittenVerdict } from '../../domain/ports/validations.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { asPolicyId, type PolicyColumns } from '../policies/policy-columns.ts';

/** The delivery that a statement has inserted or found. Nulls if the client named no webhook for the event. */
export interface DeliveryColumns {
  readonly delivery_id: string | null;
  readonly delivery_state: DeliveryState | null;
}

/** The columns to select from the CTE `delivery` of `insertDelivery`. */
export const DELIVERY_COLUMNS = sql`delivery.id AS delivery_id, delivery.state AS delivery_state`;

/** The names of an asset in the log, besides its id. The path is as it may be shown. */
export interface NameColumns {
  readonly path: string;
  readonly externalId: string | null;
}

/** The row that the statement returns if it has ended an attempt. */
interface EndedRow extends DeliveryColumns, PolicyColumns, NameColumns {
  readonly tenant: string;
  readonly attempt: number;
  readonly durationMs: number | null;
}

interface Ending {
  readonly assetId: string;
  /** True for the row, as long as its attempt has not ended. */
  readonly condition: RawBuilder<unknown>;
  readonly verdict: Verdict;
  /** The client's texts, for findings about URLs. */
  readonly notifications: Notifications;
  readonly sender: EventSender;
}

/**
 * The one statement that ends an attempt: state, findings and the delivery's row commit together, so no event can
 * vanish. It returns nothing if the condition does not hold.
 */
export function terminalWrite({ assetId, condition, verdict, notifications, sender }: Ending) {
  const { state } = verdict;
  const findings = reportFindings(verdict.findings, notifications);
  const errors = state === 'failed' ? errorsOf(findings) : null;
  // Null if there are no steps. Readers derive the planned ones from the row's policy.
  const steps = verdict.steps.length === 0 ? null : verdict.steps;
  const event = EVENT_OF_STATE[state];
  return sql<EndedRow>`
    WITH finished AS (
      UPDATE assets SET state = ${state}, errors = ${asJson(errors)}::json, findings = ${asJson(findings)}::json,
        steps = ${asJson(steps)}::json, image = ${asJson(verdict.image)}::json, finished_at = now()
      WHERE id = ${assetId} AND ${condition}
      RETURNING id, owner, attempt, webhooks->${event}::text AS webhook, policy_name, policy_version,
        path, external_id, 1000 * extract(epoch FROM finished_at - started_at)::float8 AS duration_ms
    ), ${insertDelivery('finished', { event, body: endEventBody(assetId, state, errors), sender })}
    SELECT ${DELIVERY_COLUMNS}, finished.owner AS tenant, attempt, policy_name AS "policyName",
      policy_version AS "policyVersion", path, external_id AS "externalId", duration_ms AS "durationMs"
    FROM finished LEFT JOIN delivery ON true`;
}

/** The verdict as the log shows it. */
export function describeEnd(
  assetId: string,
  { state, findings }: Verdict,
  { tenant, durationMs, ...row }: EndedRow,
): WrittenVerdict {
  const [cause] = findings.flatMap((finding) =>
    finding.code === 'asset_not_reachable' || finding.code === 'not_an_image'
      ? (finding.measured?.cause ?? [])
      : [],
  );
  return {
    ...describeCancel(assetId, tenant, row),
    state,
    codes: findings.map(({ code }) => code),
    ...(cause !== undefined && { cause }),
    durationMs: durationMs === null ? null : Math.round(durationMs),
  };
}

/** A verdict without a run: the asset was canceled before it was dispatched. */
export function describeCancel(
  assetId: string,
  tenant: string,
  { attempt, path, externalId, ...policy }: { readonly attempt: number } & PolicyColumns & NameColumns,
): WrittenVerdict {
  return {
    assetId,
    path,
    ...(externalId !== null && { externalId }),
    tenant,
    attempt,
    state: 'canceled',
    codes: [],
    policy: describePolicy(asPolicyId(policy)),
    durationMs: null,
  };
}

interface EventToInsert {
  readonly event: NotificationKey;
  readonly body: string;
  readonly sender: EventSender;
}

/** The CTE `delivery`. It inserts the event's row for the asset in CTE `changed`, or finds the existing one. */
export function insertDelivery(changed: string, { event, body, sender }: EventToInsert) {
  const graceS = sender === 'writer' ? HANDOVER_GRACE_S : 0;
  return sql`delivery AS (
    INSERT INTO deliveries (id, asset_id, owner, attempt, event, url, body, state, due_at, finished_at)
    SELECT ${uuidv7()}::uuid, id, owner, attempt, ${event}::text, webhook->>'url', ${body}::text,
           CASE WHEN (webhook->>'usable')::boolean THEN 'pending' ELSE 'skipped' END,
           now() + make_interval(secs => ${graceS}),
           CASE WHEN NOT (webhook->>'usable')::boolean THEN now() END
    FROM ${sql.table(changed)} WHERE webhook IS NOT NULL
    ON CONFLICT (asset_id, attempt, event) DO UPDATE SET event = excluded.event
    RETURNING id, state
  )`;
}

function asJson(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
