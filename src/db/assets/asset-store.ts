import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { MAX as LAST_ID, v7 as uuidv7 } from 'uuid';
import { type AssetState, isTerminal, NOTIFICATION_KEYS, type Notifications } from '../../domain/asset.ts';
import { describeAssetPath } from '../../domain/sources/asset-path.ts';
import { endEventBody } from '../../domain/events.ts';
import { KNOWN_BY_ALL, needsOfSubmission } from '../../domain/needs.ts';
import type { AssetStore, AssetSummary, ChosenPolicy, Submission } from '../../domain/ports/assets.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { OnVerdict } from '../../domain/ports/validations.ts';
import { parseHttpUrl } from '../../domain/http/http-url.ts';
import type { Webhooks } from '../entities.ts';
import { acceptOnce, findAccepted } from './accept-once.ts';
import { findAssetDetails } from './asset-details.ts';
import { listAttempts } from './attempts.ts';
import { deleteAsset, isUploadNeeded } from './delete-asset.ts';
import { asPolicyColumns, type PolicyColumns } from '../policies/policy-columns.ts';
import { groupByTick } from '../group-by-tick.ts';
import { queryAsTenant } from '../query.ts';
import { readListPage } from './list-page.ts';
import { IS_TERMINAL, IS_TO_DISPATCH, QUEUED_AS_NEW_ATTEMPT } from './lifecycle.ts';
import { describeCancel, insertDelivery, type NameColumns } from './terminal-write.ts';

/** Rows in a block of the streamed list. */
const LIST_BLOCK_ROWS = 500;

/** Rows of one INSERT. */
const MAX_GROUPED_INSERTS = 250;

/** `onWork` is called after every commit that leaves work for the dispatcher, `onVerdict` after a cancel that ends an attempt. */
export function createAssetStore(
  orm: MikroORM,
  onWork: () => void,
  onVerdict: OnVerdict = () => undefined,
): AssetStore {
  const insert = groupByTick(
    async (rows: readonly NewAsset[]) => {
      const tenant = rows[0]?.tenant ?? '';
      await queryAsTenant(orm, tenant, (db) => insertAssets(tenant, rows).execute(db));
      onWork();
      return rows.map((row) => row.id);
    },
    {
      maxGroup: MAX_GROUPED_INSERTS,
      maxConcurrent: 2,
      partOf: ({ tenant }) => tenant,
      bytesOf: ({ path, locator, webhooks, labels }) =>
        path.length + (locator?.length ?? 0) + webhooks.length + (labels?.length ?? 0),
    },
  );

  /** Ids are UUIDv7, so their order is the order of arrival. The index `assets_by_owner` has them in this order. */
  function readBlock(tenant: string, before: string): Promise<AssetSummary[]> {
    return queryAsTenant(orm, tenant, (db) =>
      db
        .selectFrom('assets')
        .select(['id', 'state', 'errors'])
        .where('owner', '=', tenant)
        .where('id', '<', before)
        .orderBy('id', 'desc')
        .limit(LIST_BLOCK_ROWS)
        .execute(),
    );
  }

  return {
    accept: async (tenant, submission, policy = DEFAULT_POLICY) => insert(asRow(tenant, submission, policy)),

    async acceptOnce(tenant, submission, repeatable, policy = DEFAULT_POLICY) {
      const accepted = await acceptOnce(orm, repeatable, asRow(tenant, submission, policy));
      if (accepted !== null) onWork();
      return accepted;
    },

    findAccepted: (tenant, repeatable) => findAccepted(orm, tenant, repeatable),

    async find(tenant, id) {
      const row = await queryAsTenant(orm, tenant, (db) =>
        db
          .selectFrom('assets')
          .select(['id', 'state', 'errors'])
          .where('id', '=', id)
          .where('owner', '=', tenant)
          .executeTakeFirst(),
      );
      return row ?? null;
    },

    findDetails: (tenant, id) => findAssetDetails(orm, tenant, id),
    listAttempts: (tenant, id, page) => listAttempts(orm, tenant, id, page),

    async *list(tenant) {
      for (let before: string = LAST_ID; ; ) {
        const block = await readBlock(tenant, before);
        if (block.length > 0) yield block;
        const last = block.at(-1);
        if (last === undefined || block.length < LIST_BLOCK_ROWS) return;
        before = last.id;
      }
    },

    page: (tenant, filter, page) => readListPage(orm, tenant, filter, page),

    async requestCancel(tenant, id, reason) {
      const end = {
        event: 'onCancel',
        body: endEventBody(id, 'canceled', null),
        sender: 'delivery_workflow',
      } as const;
      // A row that is not dispatched ends here. A start that is under way finds its attempt closed.
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<{ state: AssetState; changed: boolean; attempt: number } & PolicyColumns & NameColumns>`
          WITH target AS (
            SELECT id, state, ${IS_TO_DISPATCH} AS waiting FROM assets
            WHERE id = ${id} AND owner = ${tenant} FOR UPDATE
          ), changed AS (
            UPDATE assets SET
              state = CASE WHEN target.waiting THEN 'canceled' ELSE assets.state END,
              finished_at = CASE WHEN target.waiting THEN now() END,
              cancel_requested_at = coalesce(cancel_requested_at, now()),
              cancel_reason = coalesce(cancel_reason, ${reason})
            FROM target
            WHERE assets.id = target.id AND target.state IN ('queued', 'in_progress')
            RETURNING assets.id, owner, assets.state, attempt, policy_name, policy_version, path, external_id,
              CASE WHEN assets.state = 'canceled' THEN webhooks->'onCancel' END AS webhook
          ), ${insertDelivery('changed', end)}
          SELECT coalesce(changed.state, target.state) AS state, changed.id IS NOT NULL AS changed,
            attempt, policy_name AS "policyName", policy_version AS "policyVersion", path, external_id AS "externalId"
          FROM target LEFT JOIN changed ON true`.execute(db),
      );
      const [row] = rows;
      if (row === undefined) return 'not_found';
      if (!row.changed) return 'already_terminal';
      onWork();
      if (!isTerminal(row.state)) return 'requested';
      onVerdict(describeCancel(id, tenant, row));
      return 'canceled';
    },

    async retry(tenant, id, policy) {
      const given = policy === undefined ? null : asPolicyColumns(policy);
      const underPolicy =
        given === null
          ? sql``
          : sql`, policy_name = ${given.policyName}, policy_version = ${given.policyVersion},
              needs = greatest(needs, ${policy?.needs ?? KNOWN_BY_ALL})`;
      // Whoever waited for the row's lock sees the row as it is then, or none.
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<{ isQueued: boolean }>`
          WITH target AS (SELECT id FROM assets WHERE id = ${id} AND owner = ${tenant} FOR UPDATE),
            changed AS (
              UPDATE assets SET ${QUEUED_AS_NEW_ATTEMPT}${underPolicy}
              WHERE id = (SELECT id FROM target) AND ${IS_TERMINAL} RETURNING id
            )
          SELECT EXISTS (SELECT FROM changed) AS "isQueued" FROM target`.execute(db),
      );
      const [row] = rows;
      if (row === undefined) return 'not_found';
      if (!row.isQueued) return 'not_terminal';
      onWork();
      return 'queued';
    },

    delete: (tenant, id) => deleteAsset(orm, tenant, id),
    isUploadNeeded: (tenant, uploadId) => isUploadNeeded(orm, tenant, uploadId),
  };
}

type NewAsset = ReturnType<typeof asRow>;

/** Each column is one array, so the text is the same for any number of rows. */
function insertAssets(tenant: string, rows: readonly NewAsset[]) {
  const column = <Key extends keyof NewAsset>(key: Key) => rows.map((row) => row[key]);
  return sql`
    INSERT INTO assets (owner, id, location, path, locator, external_id, labels, webhooks, policy_name, policy_version, sha256, needs)
    SELECT ${tenant}, * FROM unnest(${column('id')}::uuid[], ${column('location')}::text[], ${column('path')}::text[],
      ${column('locator')}::jsonb[], ${column('externalId')}::text[], ${column('labels')}::jsonb[], ${column('webhooks')}::jsonb[],
      ${column('policyName')}::text[], ${column('policyVersion')}::integer[], ${column('sha256')}::text[], ${column('needs')}::smallint[])`;
}

function asRow(tenant: string, submission: Submission, policy: ChosenPolicy) {
  const { assetPath, notifications, sha256, externalId, labels } = submission;
  return {
    id: uuidv7(),
    tenant,
    location: assetPath.location,
    path: describeAssetPath(assetPath),
    locator: assetPath.location === 'local' ? null : JSON.stringify(assetPath),
    externalId: externalId ?? null,
    labels: labels === undefined ? null : JSON.stringify(labels),
    webhooks: JSON.stringify(asWebhooks(notifications)),
    ...asPolicyColumns(policy),
    sha256: sha256 ?? null,
    needs: Math.max(needsOfSubmission(submission), policy.needs ?? KNOWN_BY_ALL),
  };
}

function asWebhooks(notifications: Notifications): Webhooks {
  const webhooks: { -readonly [Key in keyof Webhooks]: Webhooks[Key] } = {};
  for (const key of NOTIFICATION_KEYS) {
    const text = notifications[key];
    if (text === undefined) continue;
    const url = parseHttpUrl(text);
    // Stored as requests send it, so `HTTP://Host:80` and `http://host/` are one endpoint. An invalid URL stays as given.
    webhooks[key] = url === null ? { url: text, usable: false } : { url: url.href, usable: true };
  }
  return webhooks;
}
