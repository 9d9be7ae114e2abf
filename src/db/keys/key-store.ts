import type { MikroORM } from '@mikro-orm/postgresql';
import { type ApiKey, MAX_LIVE_KEYS } from '../../domain/api-key.ts';
import type { KeyDirectory, KeyStore } from '../../domain/ports/keys.ts';
import { execute } from '../execute.ts';
import { executeFor } from '../tenant.ts';
import { asDate, type TextTimes } from '../times.ts';

const KEY = `id, owner AS tenant, name, scopes, created_at AS "createdAt", expires_at AS "expiresAt",
  last_used_at AS "lastUsedAt", revoked_at AS "revokedAt", replaced_by AS "replacedBy"`;

const IS_LIVE = `revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;

const HAS_ROOM = `(SELECT count(*) FROM api_keys WHERE owner = ? AND ${IS_LIVE}) < ${MAX_LIVE_KEYS}`;

export function createKeyStore(orm: MikroORM): KeyStore {
  async function find(tenant: string, id: string): Promise<ApiKey | null> {
    const sql = `SELECT ${KEY} FROM api_keys WHERE id = ? AND owner = ?`;
    const [row] = await executeFor<KeyRow>(orm, tenant, sql, [id, tenant]);
    return row === undefined ? null : asKey(row);
  }

  return {
    find,

    async create(tenant, { id, hash, name, scopes, expiresAt }) {
      const [row] = await executeFor<KeyRow>(
        orm,
        tenant,
        `INSERT INTO api_keys (id, owner, hash, name, scopes, expires_at)
         SELECT ?, ?, ?, ?, ARRAY(SELECT jsonb_array_elements_text(?::jsonb)), ?::timestamptz WHERE ${HAS_ROOM}
         RETURNING ${KEY}`,
        [
          id,
          tenant,
          Buffer.from(hash),
          name,
          JSON.stringify(scopes),
          expiresAt?.toISOString() ?? null,
          tenant,
        ],
      );
      return row === undefined ? null : asKey(row);
    },

    async list(tenant) {
      const sql = `SELECT ${KEY} FROM api_keys WHERE owner = ? ORDER BY created_at, id`;
      return (await executeFor<KeyRow>(orm, tenant, sql, [tenant])).map(asKey);
    },

    async rotate(tenant, id, successor, overlapH) {
      const [row] = await executeFor<KeyRow>(
        orm,
        tenant,
        `WITH old AS (
           SELECT * FROM api_keys
           WHERE id = ? AND owner = ? AND replaced_by IS NULL AND ${IS_LIVE} AND ${HAS_ROOM} FOR UPDATE
         ), ended AS (
           UPDATE api_keys k SET replaced_by = ?, expires_at = least(k.expires_at, now() + make_interval(hours => ?))
           FROM old WHERE k.id = old.id
         )
         -- It lives as long as the one before it was to live.
         INSERT INTO api_keys (id, owner, hash, name, scopes, expires_at)
         SELECT ?, owner, ?, name, scopes, now() + (expires_at - created_at) FROM old
         RETURNING ${KEY}`,
        [id, tenant, tenant, successor.id, overlapH, successor.id, Buffer.from(successor.hash)],
      );
      if (row !== undefined) return asKey(row);
      const [old] = await executeFor<{ canRotate: boolean }>(
        orm,
        tenant,
        `SELECT replaced_by IS NULL AND ${IS_LIVE} AS "canRotate" FROM api_keys WHERE id = ? AND owner = ?`,
        [id, tenant],
      );
      if (old === undefined) return 'not_found';
      return old.canRotate ? 'too_many' : 'not_active';
    },

    async revoke(tenant, id) {
      const sql = `UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = ? AND owner = ? RETURNING ${KEY}`;
      const [row] = await executeFor<KeyRow>(orm, tenant, sql, [id, tenant]);
      return row === undefined ? null : asKey(row);
    },
  };
}

/** `orm` has to see all tenants: who calls is not known before. */
export function createKeyDirectory(orm: MikroORM): KeyDirectory {
  return {
    async find(id) {
      const sql = `SELECT ${KEY}, hash FROM api_keys WHERE id = ?`;
      const [row] = await execute<KeyRow & { hash: Uint8Array }>(orm, sql, [id]);
      return row === undefined ? null : { key: asKey(row), hash: row.hash };
    },

    async markUsed(id) {
      await execute(orm, 'UPDATE api_keys SET last_used_at = now() WHERE id = ?', [id]);
    },

    async listAll() {
      const rows = await execute<KeyRow>(
        orm,
        `SELECT ${KEY} FROM api_keys ORDER BY owner, created_at, id`,
        [],
      );
      return rows.map(asKey);
    },

    async tenants() {
      const sql = 'SELECT DISTINCT owner AS name FROM api_keys ORDER BY owner';
      return (await execute<{ name: string }>(orm, sql, [])).map(({ name }) => name);
    },

    async hasActive() {
      return (await execute(orm, `SELECT 1 AS one FROM api_keys WHERE ${IS_LIVE} LIMIT 1`, [])).length > 0;
    },
  };
}

type KeyRow = TextTimes<ApiKey, 'createdAt' | 'expiresAt' | 'lastUsedAt' | 'revokedAt'>;

/** Names each field: a row that is read for its hash as well must not show it. */
function asKey({ id, tenant, name, scopes, replacedBy, ...times }: KeyRow): ApiKey {
  return {
    id,
    tenant,
    name,
    scopes,
    createdAt: new Date(times.createdAt ?? 0),
    expiresAt: asDate(times.expiresAt),
    lastUsedAt: asDate(times.lastUsedAt),
    revokedAt: asDate(times.revokedAt),
    replacedBy,
  };
}
