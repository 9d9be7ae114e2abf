import type { MikroORM } from '@mikro-orm/postgresql';
import { MAX_POLICY_VERSIONS } from '../../domain/policy.ts';
import type { PolicyStore, StoredPolicy } from '../../domain/ports/policies.ts';
import { guard } from '../execute.ts';
import { executeFor, forTenant } from '../tenant.ts';
import type { TextTimes } from '../times.ts';

/** Any number: it keeps these locks apart from others of two keys. */
const LOCK = 7_205;

const POLICY = 'name, version, rules, created_at AS "createdAt"';

export function createPolicyStore(orm: MikroORM): PolicyStore {
  return {
    /**
     * Exact under concurrency: who adds holds its tenant's lock until the commit, and counts in a statement of its own after
     * that, for a statement that waits for a lock still sees what was there before it waited.
     */
    add(tenant, name, rules) {
      const text = JSON.stringify(rules);
      return guard(() =>
        forTenant(orm, tenant).transactional(async (transaction) => {
          await transaction.execute(`SELECT pg_advisory_xact_lock(${LOCK}, hashtext(?))`, [tenant]);
          const [row] = await transaction.execute<(PolicyRow & { isNew: boolean })[]>(
            `WITH latest AS (
               SELECT * FROM policies WHERE owner = ? AND name = ? ORDER BY version DESC LIMIT 1
             ), added AS (
               INSERT INTO policies (owner, name, version, rules)
               SELECT ?, ?, coalesce((SELECT version FROM latest), 0) + 1, ?::jsonb
               WHERE NOT EXISTS (SELECT FROM latest WHERE rules = ?::jsonb)
                 AND (SELECT count(*) FROM policies WHERE owner = ?) < ${MAX_POLICY_VERSIONS}
               RETURNING *
             )
             SELECT ${POLICY}, true AS "isNew" FROM added
             UNION ALL SELECT ${POLICY}, false FROM latest WHERE rules = ?::jsonb`,
            [tenant, name, tenant, name, text, text, tenant, text],
          );
          return row === undefined ? null : { policy: asPolicy(row), isNew: row.isNew };
        }),
      );
    },

    async find(tenant, name, version) {
      const [condition, params] = version === null ? ['true', []] : ['version = ?', [version]];
      const [row] = await executeFor<PolicyRow>(
        orm,
        tenant,
        `SELECT ${POLICY} FROM policies WHERE owner = ? AND name = ? AND ${condition} ORDER BY version DESC LIMIT 1`,
        [tenant, name, ...params],
      );
      return row === undefined ? null : asPolicy(row);
    },

    async list(tenant) {
      const sql = `SELECT DISTINCT ON (name) name, version, created_at AS "createdAt" FROM policies
        WHERE owner = ? ORDER BY name, version DESC`;
      const rows = await executeFor<Omit<PolicyRow, 'rules'>>(orm, tenant, sql, [tenant]);
      return rows.map(({ createdAt, ...row }) => ({ ...row, createdAt: new Date(createdAt ?? 0) }));
    },

    async versions(tenant, name) {
      const sql = `SELECT version, created_at AS "createdAt" FROM policies
        WHERE owner = ? AND name = ? ORDER BY version DESC`;
      const rows = await executeFor<Omit<PolicyRow, 'name' | 'rules'>>(orm, tenant, sql, [tenant, name]);
      return rows.map(({ version, createdAt }) => ({ version, createdAt: new Date(createdAt ?? 0) }));
    },
  };
}

type PolicyRow = TextTimes<StoredPolicy, 'createdAt'>;

function asPolicy({ name, version, rules, createdAt }: PolicyRow): StoredPolicy {
  return { name, version, rules, createdAt: new Date(createdAt ?? 0) };
}
