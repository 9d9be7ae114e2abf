import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { MAX as LAST_ID } from 'uuid';
import { DEFAULT_POLICY, describePolicy } from '../../domain/policy.ts';
import type { VerdictArchive } from '../../domain/ports/policies.ts';
import type { StoredVerdict } from '../../domain/rejudge.ts';
import { queryAsTenant } from '../query.ts';
import { IS_TERMINAL } from './lifecycle.ts';

const VERDICT = sql`id, state, coalesce(findings, '[]') AS findings, coalesce(steps, '[]') AS steps, image,
  coalesce(policy_name || '@' || policy_version, ${sql.lit(describePolicy(DEFAULT_POLICY))}) AS policy`;

/** Reads rows only. It opens no file and writes nothing. */
export function createVerdictArchive(orm: MikroORM): VerdictArchive {
  return {
    async page(tenant, { limit, before = LAST_ID }) {
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<StoredVerdict>`
          SELECT ${VERDICT} FROM assets
          WHERE owner = ${tenant} AND ${IS_TERMINAL} AND id < ${before}
          ORDER BY id DESC LIMIT ${limit}`.execute(db),
      );
      return rows;
    },

    async find(tenant, ids) {
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<StoredVerdict>`
          SELECT ${VERDICT} FROM assets WHERE owner = ${tenant} AND id = ANY (${ids}::uuid[])
          ORDER BY id DESC`.execute(db),
      );
      return rows;
    },
  };
}
