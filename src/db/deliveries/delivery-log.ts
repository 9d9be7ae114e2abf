import type { MikroORM } from '@mikro-orm/postgresql';
import { MAX as LAST_ID, v7 as uuidv7, validate as isUuid } from 'uuid';
import type { DeliveryTry } from '../../domain/delivery.ts';
import { testEventBody } from '../../domain/events.ts';
import type { DeliveryEntry, DeliveryFilter, DeliveryLog, Endpoint } from '../../domain/ports/webhooks.ts';
import { parseWebhookUrl } from '../../domain/webhook-url.ts';
import { executeFor } from '../tenant.ts';
import { asDate, type TextTimes } from '../times.ts';

const ENTRY = `d.id, d.asset_id AS "assetId", nullif(d.attempt, 0) AS attempt, d.event, d.endpoint_id AS "endpointId", d.url,
  d.state, d.failure, d.created_at AS "createdAt", d.finished_at AS "finishedAt",
  CASE WHEN d.state = 'pending' AND d.handed_over_at IS NULL THEN d.due_at END AS "dueAt",
  (SELECT coalesce(json_agg(json_build_object('at', at, 'status', status, 'durationMs', duration_ms, 'error', error,
     'excerpt', excerpt) ORDER BY number), '[]') FROM delivery_tries WHERE delivery_id = d.id) AS tries`;

/** `verified_at` came later than `delivered_at`: who took events before has verified itself by that. */
const ENDPOINT = `id, url, created_at AS "createdAt", coalesce(verified_at, delivered_at) AS "verifiedAt", delivered_at AS "deliveredAt", failing_since AS "failingSince",
  disabled_at AS "disabledAt", disabled_because AS "disabledBecause"`;

/** Back to the beginning of the schedule, due now; the dispatcher hands it to a workflow or wakes the one it has. */
const REPLAY = `UPDATE deliveries d SET state = 'pending', failure = NULL, finished_at = NULL, handed_over_at = NULL,
    due_at = now(), replays = replays + 1, tries_before_replay = (SELECT count(*) FROM delivery_tries WHERE delivery_id = d.id)`;

const IS_DISABLED = `EXISTS (SELECT FROM endpoints e WHERE e.id = d.endpoint_id AND e.disabled_at IS NOT NULL)`;

/** `onWork` is called after every write that leaves work for the dispatcher. */
export function createDeliveryLog(orm: MikroORM, onWork: () => void): DeliveryLog {
  return {
    async list(tenant, filter, { limit, before }) {
      const { condition, params } = asCondition(tenant, filter);
      // Ids are UUIDv7: their order is the order of creation.
      const rows = await executeFor<EntryRow>(
        orm,
        tenant,
        `SELECT ${ENTRY} FROM deliveries d WHERE ${condition} AND d.id < ?::uuid ORDER BY d.id DESC LIMIT ?`,
        [...params, before ?? LAST_ID, limit],
      );
      return rows.map(asEntry);
    },

    async find(tenant, id) {
      const [row] = await executeFor<EntryRow>(
        orm,
        tenant,
        `SELECT ${ENTRY} FROM deliveries d WHERE d.id = ? AND d.owner = ?`,
        [id, tenant],
      );
      return row === undefined ? null : asEntry(row);
    },

    async replay(tenant, id) {
      const [row] = await executeFor<{ replayed: boolean; isDisabled: boolean }>(
        orm,
        tenant,
        `WITH replayed AS (${REPLAY} WHERE d.id = ? AND d.owner = ? AND d.state <> 'skipped' AND NOT ${IS_DISABLED} RETURNING d.id)
         SELECT EXISTS (SELECT FROM replayed) AS replayed, ${IS_DISABLED} AS "isDisabled"
         FROM deliveries d WHERE d.id = ? AND d.owner = ?`,
        [id, tenant, id, tenant],
      );
      if (row === undefined) return 'not_found';
      if (!row.replayed) return row.isDisabled ? 'endpoint_disabled' : 'skipped';
      onWork();
      return 'replayed';
    },

    async replayAll(tenant, filter) {
      const { condition, params } = asCondition(tenant, filter);
      const matching = `${condition} AND d.state <> 'skipped'`;
      const [row] = await executeFor<{ replayed: string; leftOut: string }>(
        orm,
        tenant,
        `WITH replayed AS (${REPLAY} WHERE ${matching} AND NOT ${IS_DISABLED} RETURNING d.id)
         SELECT (SELECT count(*) FROM replayed) AS replayed,
           (SELECT count(*) FROM deliveries d WHERE ${matching} AND ${IS_DISABLED}) AS "leftOut"`,
        [...params, ...params],
      );
      onWork();
      return { replayed: Number(row?.replayed), leftOut: Number(row?.leftOut) };
    },

    async sendTest(tenant, url) {
      const id = uuidv7();
      const [row] = await executeFor<{ endpointId: string }>(
        orm,
        tenant,
        `INSERT INTO deliveries (id, owner, attempt, event, url, body, state, due_at)
         VALUES (?, ?, 0, 'test', ?, ?, 'pending', now()) RETURNING endpoint_id AS "endpointId"`,
        [id, tenant, url, testEventBody(id)],
      );
      onWork();
      return { id, endpointId: row?.endpointId ?? '' };
    },

    async listEndpoints(tenant) {
      const rows = await executeFor<EndpointRow>(
        orm,
        tenant,
        `SELECT ${ENDPOINT} FROM endpoints WHERE owner = ? ORDER BY created_at, id`,
        [tenant],
      );
      return rows.map(asEndpoint);
    },

    async findEndpoint(tenant, idOrUrl) {
      const [id, params] = isUuid(idOrUrl)
        ? ['?::uuid', [idOrUrl]]
        : ['endpoint_id(?, ?)', [tenant, parseWebhookUrl(idOrUrl)?.href ?? idOrUrl]];
      const [row] = await executeFor<EndpointRow>(
        orm,
        tenant,
        `SELECT ${ENDPOINT} FROM endpoints WHERE owner = ? AND id = ${id}`,
        [tenant, ...params],
      );
      return row === undefined ? null : asEndpoint(row);
    },

    async enable(tenant, endpointId) {
      const rows = await executeFor(
        orm,
        tenant,
        `UPDATE endpoints SET disabled_at = NULL, disabled_because = NULL, failing_since = NULL
         WHERE id = ? AND owner = ? AND disabled_at IS NOT NULL RETURNING id`,
        [endpointId, tenant],
      );
      return rows.length > 0;
    },
  };
}

function asCondition(tenant: string, { assetId, endpointId, state, from, to }: DeliveryFilter) {
  const parts: [string, unknown][] = [
    ['d.owner = ?', tenant],
    ['d.asset_id = ?', assetId],
    ['d.endpoint_id = ?', endpointId],
    ['d.state = ?', state],
    ['d.created_at >= ?', from?.toISOString()],
    ['d.created_at < ?', to?.toISOString()],
  ];
  const given = parts.filter(([, value]) => value !== undefined);
  return {
    condition: given.map(([sql]) => sql).join(' AND '),
    params: given.map(([, value]) => value),
  };
}

type EntryRow = TextTimes<Omit<DeliveryEntry, 'tries'>, 'createdAt' | 'dueAt' | 'finishedAt'> & {
  readonly tries: readonly TextTimes<DeliveryTry, 'at'>[];
};

function asEntry({ createdAt, dueAt, finishedAt, tries, ...row }: EntryRow): DeliveryEntry {
  return {
    ...row,
    createdAt: new Date(createdAt ?? 0),
    dueAt: asDate(dueAt),
    finishedAt: asDate(finishedAt),
    tries: tries.map(({ at, ...tryMade }) => ({ ...tryMade, at: new Date(at ?? 0) })),
  };
}

type EndpointRow = TextTimes<
  Endpoint,
  'createdAt' | 'verifiedAt' | 'deliveredAt' | 'failingSince' | 'disabledAt'
>;

function asEndpoint({
  createdAt,
  verifiedAt,
  deliveredAt,
  failingSince,
  disabledAt,
  ...row
}: EndpointRow): Endpoint {
  return {
    ...row,
    createdAt: new Date(createdAt ?? 0),
    verifiedAt: asDate(verifiedAt),
    deliveredAt: asDate(deliveredAt),
    failingSince: asDate(failingSince),
    disabledAt: asDate(disabledAt),
  };
}
