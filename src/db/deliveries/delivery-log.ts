import type { MikroORM } from '@mikro-orm/postgresql';
import { type RawBuilder, sql } from 'kysely';
import { MAX as LAST_ID, v7 as uuidv7, validate as isUuid } from 'uuid';
import { type DeliveryTry, REPLAY_PAUSE_S } from '../../domain/delivery.ts';
import { testEventBody } from '../../domain/events.ts';
import type {
  DeliveryEntry,
  DeliveryFilter,
  DeliveryLog,
  Endpoint,
  ReplayCounts,
} from '../../domain/ports/webhooks.ts';
import { parseHttpUrl } from '../../domain/http/http-url.ts';
import { queryAsTenant } from '../query.ts';

const ENTRY = sql`d.id, d.asset_id AS "assetId",
  (SELECT external_id FROM assets WHERE assets.id = d.asset_id) AS "externalId",
  coalesce((SELECT labels FROM assets WHERE assets.id = d.asset_id), '{}') AS labels, nullif(d.attempt, 0) AS attempt, d.event,
  d.endpoint_id AS "endpointId", d.url, d.state, d.failure, d.created_at AS "createdAt", d.finished_at AS "finishedAt",
  CASE WHEN d.state = 'pending' THEN d.due_at END AS "dueAt",
  (SELECT coalesce(json_agg(json_build_object('at', at, 'status', status, 'durationMs', duration_ms, 'error', error,
     'reason', reason, 'excerpt', excerpt) ORDER BY number), '[]') FROM delivery_tries WHERE delivery_id = d.id) AS tries`;

/** An endpoint that took events before the column `verified_at` existed counts as verified. */
const ENDPOINT = sql`id, url, created_at AS "createdAt", coalesce(verified_at, delivered_at) AS "verifiedAt",
  delivered_at AS "deliveredAt", failing_since AS "failingSince", disabled_at AS "disabledAt",
  disabled_because AS "disabledBecause"`;

/** Starts the schedule again, due now. The dispatcher starts a workflow for it, or wakes the one that it has. */
const REPLAY = sql`UPDATE deliveries d SET state = 'pending', failure = NULL, finished_at = NULL, handed_over_at = NULL,
  due_at = now(), replays = replays + 1, replayed_at = now(),
  tries_before_replay = (SELECT count(*) FROM delivery_tries WHERE delivery_id = d.id)`;

const IS_DISABLED = sql<boolean>`EXISTS (
  SELECT FROM endpoints e WHERE e.id = d.endpoint_id AND e.disabled_at IS NOT NULL)`;

/**
 * A delivery that is still pending since a replay a moment ago, by the database's clock. A replay further ahead is from before that
 * clock was set back, and counts no more.
 */
const REPLAY_PAUSE = sql`make_interval(secs => ${sql.lit(REPLAY_PAUSE_S)})`;
const IS_TOO_SOON = sql<boolean>`(d.state = 'pending' AND d.replayed_at IS NOT NULL
  AND d.replayed_at > now() - ${REPLAY_PAUSE} AND d.replayed_at < now() + ${REPLAY_PAUSE})`;

/**
 * How many deliveries one statement replays. It locks their rows until it ends. A worker's statements about these rows wait
 * meanwhile, each with a connection. So it has to be short, however many deliveries match.
 */
const REPLAY_ROWS = 1_000;

interface ReplayedPage extends ReplayCounts {
  readonly next: string | null;
}

/** `onWork` is called after every write that leaves work for the dispatcher. */
export function createDeliveryLog(orm: MikroORM, onWork: () => void): DeliveryLog {
  /** Replays the newest of the matching deliveries before an id. `next` is where the others begin; null after the last one. */
  async function replayPage(tenant: string, filter: DeliveryFilter, before: string): Promise<ReplayedPage> {
    const { rows } = await queryAsTenant(orm, tenant, (db) =>
      sql<ReplayedPage>`
        WITH page AS MATERIALIZED (
          SELECT d.id, ${IS_DISABLED} AS is_disabled, ${IS_TOO_SOON} AS is_too_soon FROM deliveries d
          WHERE ${matches(tenant, filter)} AND d.state <> 'skipped' AND d.id < ${before}::uuid
          ORDER BY d.id DESC LIMIT ${sql.lit(REPLAY_ROWS)}
        ), replayed AS (
          ${REPLAY} FROM page WHERE d.id = page.id AND NOT is_disabled AND NOT ${IS_TOO_SOON} RETURNING d.id
        )
        SELECT (SELECT count(*)::integer FROM replayed) AS replayed,
          count(*) FILTER (WHERE is_too_soon AND NOT is_disabled)::integer AS "tooSoon",
          count(*) FILTER (WHERE is_disabled)::integer AS "leftOut",
          (SELECT id FROM page ORDER BY id LIMIT 1) AS next
        FROM page`.execute(db),
    );
    const [page] = rows;
    return page ?? { replayed: 0, tooSoon: 0, leftOut: 0, next: null };
  }

  return {
    async list(tenant, filter, { limit, before = LAST_ID }) {
      // Ids are UUIDv7, so their order is the order of creation.
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<EntryRow>`
          SELECT ${ENTRY} FROM deliveries d WHERE ${matches(tenant, filter)} AND d.id < ${before}::uuid
          ORDER BY d.id DESC LIMIT ${limit}`.execute(db),
      );
      return rows.map(asEntry);
    },

    async find(tenant, id) {
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<EntryRow>`SELECT ${ENTRY} FROM deliveries d WHERE d.id = ${id} AND d.owner = ${tenant}`.execute(
          db,
        ),
      );
      return rows[0] === undefined ? null : asEntry(rows[0]);
    },

    async replay(tenant, id) {
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<{ replayed: boolean; isDisabled: boolean; isSkipped: boolean; waitS: number | null }>`
          WITH replayed AS (
            ${REPLAY} WHERE d.id = ${id} AND d.owner = ${tenant} AND d.state <> 'skipped' AND NOT ${IS_DISABLED}
              AND NOT ${IS_TOO_SOON}
            RETURNING d.id
          )
          SELECT EXISTS (SELECT FROM replayed) AS replayed, ${IS_DISABLED} AS "isDisabled", d.state = 'skipped' AS "isSkipped",
            CASE WHEN ${IS_TOO_SOON} THEN ceil(extract(epoch FROM d.replayed_at + ${REPLAY_PAUSE} - now()))::integer END AS "waitS"
          FROM deliveries d WHERE d.id = ${id} AND d.owner = ${tenant}`.execute(db),
      );
      const [row] = rows;
      if (row === undefined) return 'not_found';
      if (!row.replayed) {
        if (row.isSkipped) return 'skipped';
        if (row.isDisabled) return 'endpoint_disabled';
        // Without a wait, another replay was quicker, and this statement does not see it yet.
        return { retryAfterS: row.waitS ?? REPLAY_PAUSE_S };
      }
      onWork();
      return 'replayed';
    },

    async replayAll(tenant, filter) {
      const counts = { replayed: 0, tooSoon: 0, leftOut: 0 };
      for (let before: string | null = LAST_ID; before !== null; ) {
        const page = await replayPage(tenant, filter, before);
        counts.replayed += page.replayed;
        counts.tooSoon += page.tooSoon;
        counts.leftOut += page.leftOut;
        before = page.next;
        onWork();
      }
      return counts;
    },

    async sendTest(tenant, url) {
      const id = uuidv7();
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<{ endpointId: string }>`
          INSERT INTO deliveries (id, owner, attempt, event, url, body, state, due_at)
          VALUES (${id}, ${tenant}, 0, 'test', ${url}, ${testEventBody(id)}, 'pending', now())
          RETURNING endpoint_id AS "endpointId"`.execute(db),
      );
      onWork();
      return { id, endpointId: rows[0]?.endpointId ?? '' };
    },

    async listEndpoints(tenant) {
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<Endpoint>`SELECT ${ENDPOINT} FROM endpoints WHERE owner = ${tenant} ORDER BY created_at, id`.execute(
          db,
        ),
      );
      return rows;
    },

    async findEndpoint(tenant, idOrUrl) {
      const id = isUuid(idOrUrl)
        ? sql`${idOrUrl}::uuid`
        : sql`endpoint_id(${tenant}, ${parseHttpUrl(idOrUrl)?.href ?? idOrUrl})`;
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<Endpoint>`SELECT ${ENDPOINT} FROM endpoints WHERE owner = ${tenant} AND id = ${id}`.execute(db),
      );
      return rows[0] ?? null;
    },

    async enable(tenant, endpointId) {
      const rows = await queryAsTenant(orm, tenant, (db) =>
        db
          .updateTable('endpoints')
          .set({ disabled_at: null, disabled_because: null, failing_since: null })
          .where('id', '=', endpointId)
          .where('owner', '=', tenant)
          .where('disabled_at', 'is not', null)
          .returning('id')
          .execute(),
      );
      return rows.length > 0;
    },
  };
}

function matches(tenant: string, { assetId, endpointId, state, externalId, since, until }: DeliveryFilter) {
  const conditions: RawBuilder<unknown>[] = [sql`d.owner = ${tenant}`];
  if (assetId !== undefined) conditions.push(sql`d.asset_id = ${assetId}`);
  if (endpointId !== undefined) conditions.push(sql`d.endpoint_id = ${endpointId}`);
  // The state is part of the text, because a plan for any state could not use the index of failed deliveries.
  if (state !== undefined) conditions.push(sql`d.state = ${sql.lit(state)}`);
  // An array, so that the few deliveries of these assets are read, and not all of the tenant.
  if (externalId !== undefined)
    conditions.push(
      sql`d.asset_id = ANY (ARRAY(SELECT id FROM assets WHERE owner = ${tenant} AND external_id = ${externalId}))`,
    );
  if (since !== undefined) conditions.push(sql`d.created_at >= ${since}`);
  if (until !== undefined) conditions.push(sql`d.created_at < ${until}`);
  return sql.join(conditions, sql` AND `);
}

/** A row as Postgres returns it. Times inside JSON are text. */
type EntryRow = Omit<DeliveryEntry, 'tries'> & {
  readonly tries: readonly (Omit<DeliveryTry, 'at'> & { readonly at: string })[];
};

function asEntry({ tries, ...row }: EntryRow): DeliveryEntry {
  return { ...row, tries: tries.map(({ at, ...tryMade }) => ({ ...tryMade, at: new Date(at) })) };
}
