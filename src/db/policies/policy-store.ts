import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { MAX_POLICY_VERSIONS } from '../../domain/policy.ts';
import type { PolicyStore, StoredPolicy } from '../../domain/ports/policies.ts';
import { queryAsTenant } from '../query.ts';

/** First key of the advisory locks of policies. It may be any number that no other lock uses. */
const LOCK = 7_205;

const POLICY = sql`name, version, rules, created_at AS "createdAt"`;

export function createPolicyStore(orm: MikroORM): PolicyStore {
  return {
    /**
     * The limit is exact under concurrency, because the tenant's lock is held until the commit. A second statement counts the
     * versions, because one that waits for a lock sees only rows that were committed before it began.
     */
    async add(tenant, name, rules) {
      const text = JSON.stringify(rules);
      const added = await queryAsTenant(orm, tenant, async (db) => {
        await sql`SELECT pg_advisory_xact_lock(${LOCK}::integer, hashtext(${tenant}))`.execute(db);
        const { rows } = await sql<StoredPolicy & { isNew: boolean }>`
          WITH latest AS (
            SELECT * FROM policies WHERE owner = ${tenant} AND name = ${name} ORDER BY version DESC LIMIT 1
          ), added AS (
            INSERT INTO policies (owner, name, version, rules)
            SELECT ${tenant}, ${name}, coalesce((SELECT version FROM latest), 0) + 1, ${text}::jsonb
            WHERE NOT EXISTS (SELECT FROM latest WHERE rules = ${text}::jsonb)
              AND (SELECT count(*) FROM policies WHERE owner = ${tenant}) < ${MAX_POLICY_VERSIONS}
            RETURNING *
          )
          SELECT ${POLICY}, true AS "isNew" FROM added
          UNION ALL SELECT ${POLICY}, false FROM latest WHERE rules = ${text}::jsonb`.execute(db);
        return rows[0];
      });
      if (added === undefined) return null;
      const { isNew, ...policy } = added;
      return { policy, isNew };
    },

    async find(tenant, name, version) {
      const row = await queryAsTenant(orm, tenant, (db) =>
        db
          .selectFrom('policies')
          .select(['name', 'version', 'rules', 'created_at as createdAt'])
          .where('owner', '=', tenant)
          .where('name', '=', name)
          .$if(version !== null, (all) => all.where('version', '=', version))
          .orderBy('version', 'desc')
          .limit(1)
          .executeTakeFirst(),
      );
      return row ?? null;
    },

    list: (tenant) =>
      queryAsTenant(orm, tenant, (db) =>
        db
          .selectFrom('policies')
          .distinctOn('name')
          .select(['name', 'version', 'created_at as createdAt'])
          .where('owner', '=', tenant)
          .orderBy('name')
          .orderBy('version', 'desc')
          .execute(),
      ),

    versions: (tenant, name) =>
      queryAsTenant(orm, tenant, (db) =>
        db
          .selectFrom('policies')
          .select(['version', 'created_at as createdAt'])
          .where('owner', '=', tenant)
          .where('name', '=', name)
          .orderBy('version', 'desc')
          .execute(),
      ),
  };
}
