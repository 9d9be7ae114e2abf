import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { Attempt, AttemptPage } from '../../domain/ports/assets.ts';
import { describePolicy } from '../../domain/policy.ts';
import { asPolicyId, type PolicyColumns } from '../policies/policy-columns.ts';
import { queryAsTenant } from '../query.ts';

const COLUMNS = sql`attempt, state, policy_name AS "policyName", policy_version AS "policyVersion", errors,
  findings, steps, cancel_reason AS "cancelReason", run_id AS "runId",
  started_at AS "startedAt", finished_at AS "finishedAt"`;

type Row = Omit<Attempt, 'policy' | 'findings' | 'steps'> &
  PolicyColumns & {
    readonly findings: Attempt['findings'] | null;
    readonly steps: Attempt['steps'] | null;
  };

/** Attempts of an asset, newest first: the current one from its own row, those before it as a trigger kept them. */
export async function listAttempts(
  orm: MikroORM,
  tenant: string,
  assetId: string,
  { limit, before }: AttemptPage,
): Promise<Attempt[]> {
  const { rows } = await queryAsTenant(orm, tenant, (db) =>
    sql<Row>`
      SELECT * FROM (
        SELECT ${COLUMNS} FROM assets WHERE id = ${assetId} AND owner = ${tenant}
        UNION ALL
        SELECT ${COLUMNS} FROM attempts WHERE asset_id = ${assetId} AND owner = ${tenant}
      ) kept
      WHERE attempt < coalesce(${before ?? null}::integer, attempt + 1)
      ORDER BY attempt DESC LIMIT ${limit}`.execute(db),
  );
  return rows.map(({ policyName, policyVersion, findings, steps, ...attempt }) => ({
    ...attempt,
    policy: describePolicy(asPolicyId({ policyName, policyVersion })),
    findings: findings ?? [],
    steps: steps ?? [],
  }));
}
