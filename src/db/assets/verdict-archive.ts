import type { MikroORM } from '@mikro-orm/postgresql';
import { MAX as LAST_ID } from 'uuid';
import { DEFAULT_POLICY, describePolicy } from '../../domain/policy.ts';
import type { VerdictArchive } from '../../domain/ports/policies.ts';
import type { StoredVerdict } from '../../domain/rejudge.ts';
import { executeFor } from '../tenant.ts';

const VERDICT = `id, state, coalesce(findings, '[]') AS findings, coalesce(steps, '[]') AS steps, image,
  coalesce(policy_name || '@' || policy_version, '${describePolicy(DEFAULT_POLICY)}') AS policy`;

/** Reads rows, and nothing else: no file is opened, nothing is written. */
export function createVerdictArchive(orm: MikroORM): VerdictArchive {
  return {
    page: (tenant, { limit, before = LAST_ID }) =>
      executeFor<StoredVerdict>(
        orm,
        tenant,
        `SELECT ${VERDICT} FROM assets
         WHERE owner = ? AND state IN ('complete', 'failed', 'canceled') AND id < ? ORDER BY id DESC LIMIT ?`,
        [tenant, before, limit],
      ),

    find: (tenant, ids) =>
      executeFor<StoredVerdict>(
        orm,
        tenant,
        `SELECT ${VERDICT} FROM assets
         WHERE owner = ? AND id IN (SELECT jsonb_array_elements_text(?::jsonb)::uuid) ORDER BY id DESC`,
        [tenant, JSON.stringify(ids)],
      ),
  };
}
