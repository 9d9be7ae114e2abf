import type { MikroORM } from '@mikro-orm/postgresql';
import { MAX as LAST_ID, v7 as uuidv7 } from 'uuid';
import {
  type AssetState,
  isTerminal,
  NOTIFICATION_KEYS,
  type Notifications,
  pendingSteps,
  skippedSteps,
} from '../../domain/asset.ts';
import { endEventBody } from '../../domain/events.ts';
import type { AssetStore, AssetSummary, Submission } from '../../domain/ports/assets.ts';
import { DEFAULT_POLICY, describePolicy, type PolicyId, stepsUnder } from '../../domain/policy.ts';
import { parseWebhookUrl } from '../../domain/webhook-url.ts';
import { Asset, Delivery, DeliveryTry, type Webhooks } from '../entities.ts';
import { acceptOnce, findAccepted } from './accept-once.ts';
import { guard } from '../execute.ts';
import { groupByTick } from '../group-by-tick.ts';
import { createPolicyStore } from '../policies/policy-store.ts';
import { executeFor, forTenant } from '../tenant.ts';
import { deliveryParams, insertDelivery } from './terminal-write.ts';

/** Rows a block of the streamed list. */
const LIST_BLOCK_ROWS = 500;

/** Rows an INSERT: keeps the statement below 1 MiB for ordinary rows. */
const MAX_GROUPED_INSERTS = 250;

/** `onWork` is called after every commit that leaves work for the dispatcher. */
export function createAssetStore(orm: MikroORM, onWork: () => void): AssetStore {
  const policies = createPolicyStore(orm);

  const insert = groupByTick(
    async (accepted: readonly Parameters<typeof asRow>[]) => {
      const rows = accepted.map((one) => asRow(...one));
      const inserts = [...Map.groupBy(rows, ({ owner }) => owner)].map(([tenant, ofTenant]) =>
        guard(() => forTenant(orm, tenant).insertMany(Asset, ofTenant)),
      );
      await Promise.all(inserts);
      onWork();
      return rows.map((row) => row.id);
    },
    { maxGroup: MAX_GROUPED_INSERTS, maxConcurrent: 2 },
  );

  /** Ids are UUIDv7: their order is the order of arrival, and `assets_by_owner` is the index to walk. */
  function readPage(
    tenant: string,
    { limit, before = LAST_ID, state }: Parameters<AssetStore['page']>[1],
  ): Promise<AssetSummary[]> {
    const [condition, params] = state === undefined ? ['true', []] : ['state = ?', [state]];
    return executeFor<AssetSummary>(
      orm,
      tenant,
      `SELECT id, state, errors FROM assets WHERE owner = ? AND ${condition} AND id < ? ORDER BY id DESC LIMIT ?`,
      [tenant, ...params, before, limit],
    );
  }

  /** The steps that an asset is to go through, where none has been written: none has begun, or it ended without. */
  async function plannedSteps(tenant: string, policy: PolicyId | null, hasChecksum: boolean) {
    const found = policy === null ? null : await policies.find(tenant, policy.name, policy.version);
    return stepsUnder(found, hasChecksum);
  }

  return {
    accept: (tenant, submission, policy = null) => insert([tenant, submission, policy]),

    async acceptOnce(tenant, submission, key, policy = null) {
      const id = await acceptOnce(orm, submission, asRow(tenant, submission, policy), key);
      if (id !== null) onWork();
      return id;
    },

    findAccepted: (tenant, submission, key) => findAccepted(orm, tenant, submission, key),

    async find(tenant, id) {
      const row = await guard(() =>
        forTenant(orm, tenant).findOne(
          Asset,
          { id },
          { fields: ['id', 'state', 'errors'], disableIdentityMap: true },
        ),
      );
      return row === null ? null : { id: row.id, state: row.state, errors: row.errors ?? null };
    },

    async findDetails(tenant, id) {
      const em = forTenant(orm, tenant);
      const row = await guard(() => em.findOne(Asset, { id }, { disableIdentityMap: true }));
      if (row === null) return null;
      const deliveries = await guard(() =>
        em.find(
          Delivery,
          { assetId: id },
          { orderBy: { attempt: 'asc', createdAt: 'asc' }, disableIdentityMap: true },
        ),
      );
      const tries = await guard(() =>
        em.find(
          DeliveryTry,
          { deliveryId: { $in: deliveries.map((delivery) => delivery.id) } },
          { orderBy: { number: 'asc' }, disableIdentityMap: true },
        ),
      );
      const policy = asPolicyId(row.policyName, row.policyVersion);
      const showAll = isTerminal(row.state) ? skippedSteps : pendingSteps;
      return {
        id: row.id,
        state: row.state,
        errors: row.errors ?? null,
        attempt: row.attempt,
        createdAt: row.createdAt,
        startedAt: row.startedAt ?? null,
        finishedAt: row.finishedAt ?? null,
        assetPath: { location: row.location, path: row.path },
        image: row.image ?? null,
        steps: row.steps ?? showAll(await plannedSteps(tenant, policy, typeof row.sha256 === 'string')),
        findings: row.findings ?? [],
        policy: describePolicy(policy ?? DEFAULT_POLICY),
        runId: row.runId ?? null,
        deliveries: deliveries.map(({ id: deliveryId, event, attempt, url, state }) => ({
          id: deliveryId,
          event,
          attempt,
          url,
          state,
          tries: tries
            .filter((tryMade) => tryMade.deliveryId === deliveryId)
            .map(({ at, status, durationMs, error }) => ({
              at,
              status: status ?? null,
              durationMs,
              error: error ?? null,
            })),
        })),
      };
    },

    async *list(tenant) {
      let before: string | undefined;
      for (;;) {
        const block = await readPage(tenant, { limit: LIST_BLOCK_ROWS, before });
        if (block.length > 0) yield block;
        if (block.length < LIST_BLOCK_ROWS) return;
        before = block.at(-1)?.id;
      }
    },

    page: readPage,

    async requestCancel(tenant, id, reason) {
      // Not dispatched yet: the row ends here, and a start that is under way finds its attempt closed.
      const [row] = await executeFor<{ state: AssetState; changed: boolean }>(
        orm,
        tenant,
        `WITH target AS (
           SELECT id, state, state = 'queued' AND dispatched_at IS NULL AS waiting FROM assets
           WHERE id = ? AND owner = ? FOR UPDATE
         ), changed AS (
           UPDATE assets SET
             state = CASE WHEN target.waiting THEN 'canceled' ELSE assets.state END,
             finished_at = CASE WHEN target.waiting THEN now() END,
             cancel_requested_at = coalesce(cancel_requested_at, now()),
             cancel_reason = coalesce(cancel_reason, ?)
           FROM target
           WHERE assets.id = target.id AND target.state IN ('queued', 'in_progress')
           RETURNING assets.id, owner, assets.state, attempt,
             CASE WHEN assets.state = 'canceled' THEN webhooks->'onCancel' END AS webhook
         ), ${insertDelivery('onCancel', 'changed')}
         SELECT coalesce(changed.state, target.state) AS state, changed.id IS NOT NULL AS changed
         FROM target LEFT JOIN changed ON true`,
        [id, tenant, reason, ...deliveryParams(endEventBody(id, 'canceled', null), 'delivery_workflow')],
      );
      if (row === undefined) return 'not_found';
      if (!row.changed) return 'already_terminal';
      onWork();
      return isTerminal(row.state) ? 'canceled' : 'requested';
    },

    async retry(tenant, id, policy) {
      const [given, givenParams] =
        policy === undefined
          ? ['', []]
          : [', policy_name = ?, policy_version = ?', [policy?.name ?? null, policy?.version ?? null]];
      const [row] = await executeFor<{ retried: boolean }>(
        orm,
        tenant,
        `WITH retried AS (
           UPDATE assets SET state = 'queued', attempt = attempt + 1, run_id = NULL, claims = 0,
             dispatched_at = NULL, lease_until = NULL, checked_at = NULL,
             cancel_requested_at = NULL, cancel_reason = NULL, cancel_signaled_at = NULL,
             errors = NULL, findings = NULL, steps = NULL, image = NULL, started_at = NULL, finished_at = NULL
             ${given}
           WHERE id = ? AND owner = ? AND state IN ('complete', 'failed', 'canceled')
           RETURNING id
         )
         SELECT EXISTS (SELECT FROM retried) AS retried FROM assets WHERE id = ? AND owner = ?`,
        [...givenParams, id, tenant, id, tenant],
      );
      if (row === undefined) return 'not_found';
      if (!row.retried) return 'not_terminal';
      onWork();
      return 'queued';
    },
  };
}

type Maybe<Value> = Value | null | undefined;

function asPolicyId(name: Maybe<string>, version: Maybe<number>): PolicyId | null {
  return typeof name === 'string' && typeof version === 'number' ? { name, version } : null;
}

function asRow(tenant: string, { assetPath, notifications, sha256 }: Submission, policy: PolicyId | null) {
  return {
    id: uuidv7(),
    owner: tenant,
    state: 'queued' as const,
    attempt: 1,
    claims: 0,
    location: assetPath.location,
    path: assetPath.path,
    webhooks: asWebhooks(notifications),
    policyName: policy?.name ?? null,
    policyVersion: policy?.version ?? null,
    sha256: sha256 ?? null,
  };
}

function asWebhooks(notifications: Notifications): Webhooks {
  const webhooks: { -readonly [Key in keyof Webhooks]: Webhooks[Key] } = {};
  for (const key of NOTIFICATION_KEYS) {
    const text = notifications[key];
    if (text === undefined) continue;
    const url = parseWebhookUrl(text);
    // As requests spell it: `HTTP://Host:80` and `http://host/` are one endpoint. One that is no URL stays as given.
    webhooks[key] = url === null ? { url: text, usable: false } : { url: url.href, usable: true };
  }
  return webhooks;
}
