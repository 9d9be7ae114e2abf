import type { MikroORM } from '@mikro-orm/postgresql';
import { isTerminal } from '../../domain/asset.ts';
import type { AssetPath } from '../../domain/sources/asset-path.ts';
import {
  DEFAULT_POLICY,
  describePolicy,
  isDefaultPolicy,
  type Policy,
  type PolicyId,
  stepsUnder,
} from '../../domain/policy.ts';
import { scoresOf } from '../../domain/score.ts';
import { pendingSteps, skippedSteps } from '../../domain/steps.ts';
import type { AssetDetails, ShownAsset } from '../../domain/ports/assets.ts';
import { asPolicyId } from '../policies/policy-columns.ts';
import { createPolicyStore } from '../policies/policy-store.ts';
import { type Database, queryAsTenant } from '../query.ts';

/** All fields of an asset that `/details` shows. Null if the tenant has no such asset. */
export async function findAssetDetails(
  orm: MikroORM,
  tenant: string,
  id: string,
): Promise<AssetDetails | null> {
  const found = await queryAsTenant(orm, tenant, async (db) => {
    const row = await db
      .selectFrom('assets')
      .selectAll()
      .where('id', '=', id)
      .where('owner', '=', tenant)
      .executeTakeFirst();
    return row === undefined ? null : { row, deliveries: await readDeliveries(db, tenant, id) };
  });
  if (found === null) return null;

  const { row, deliveries } = found;
  const policy = await readPolicy(
    orm,
    tenant,
    asPolicyId({ policyName: row.policy_name, policyVersion: row.policy_version }),
  );
  const showAll = isTerminal(row.state) ? skippedSteps : pendingSteps;
  return {
    id: row.id,
    state: row.state,
    errors: row.errors,
    attempt: row.attempt,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    externalId: row.external_id,
    labels: row.labels ?? {},
    asset: { location: row.location, path: row.path, ...versionIn(row.locator) },
    image: row.image,
    steps: row.steps ?? showAll(stepsUnder(policy, row.sha256 !== null)),
    scores: scoresOf(row.image, policy.rules),
    findings: row.findings ?? [],
    policy: describePolicy(policy),
    runId: row.run_id,
    heldBy: row.held_by,
    deliveries,
  };
}

/** The members of a locator that may be shown and that `path` does not say alone. */
function versionIn(locator: AssetPath | null): Partial<ShownAsset> {
  const { versionId, generation, profile, uploadId } = (locator ?? {}) as Partial<ShownAsset>;
  return {
    ...(uploadId !== undefined && { uploadId }),
    ...(versionId !== undefined && { versionId }),
    ...(generation !== undefined && { generation }),
    ...(profile !== undefined && { profile }),
  };
}

async function readDeliveries(db: Database, tenant: string, assetId: string) {
  const deliveries = await db
    .selectFrom('deliveries')
    .select(['id', 'event', 'attempt', 'endpoint_id', 'url', 'state'])
    .where('asset_id', '=', assetId)
    .where('owner', '=', tenant)
    .orderBy('attempt')
    .orderBy('created_at')
    .$narrowType<{ event: AssetDetails['deliveries'][number]['event'] }>()
    .execute();
  const tries = await db
    .selectFrom('delivery_tries')
    .select(['delivery_id', 'at', 'status', 'duration_ms', 'error', 'reason'])
    .where('delivery_id', '=', (column) => column.fn.any(column.val(deliveries.map(({ id }) => id))))
    .orderBy('number')
    .execute();
  return deliveries.map(({ endpoint_id: endpointId, ...delivery }) => ({
    ...delivery,
    endpointId,
    tries: tries
      .filter((tryMade) => tryMade.delivery_id === delivery.id)
      .map(({ at, status, duration_ms: durationMs, error, reason }) => ({
        at,
        status,
        durationMs,
        error,
        reason,
      })),
  }));
}

async function readPolicy(orm: MikroORM, tenant: string, { name, version }: PolicyId): Promise<Policy> {
  if (isDefaultPolicy({ name })) return DEFAULT_POLICY;
  const found = await createPolicyStore(orm).find(tenant, name, version);
  return found ?? { name, version, rules: {} };
}
