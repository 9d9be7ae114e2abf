import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { type ApiKey, MAX_LIVE_KEYS } from '../../domain/api-key.ts';
import { NO_KEY_LIMITS } from '../../domain/ports/limits.ts';
import type { KeyStore } from '../../domain/ports/keys.ts';
import { queryAsTenant } from '../query.ts';
import { IS_LIVE, KEY } from './key-columns.ts';

function hasRoom(tenant: string) {
  return sql`(SELECT count(*) FROM api_keys WHERE owner = ${tenant} AND ${IS_LIVE}) < ${MAX_LIVE_KEYS}`;
}

export function createKeyStore(orm: MikroORM): KeyStore {
  return {
    async find(tenant, id) {
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<ApiKey>`SELECT ${KEY} FROM api_keys WHERE id = ${id} AND owner = ${tenant}`.execute(db),
      );
      return rows[0] ?? null;
    },

    async create(tenant, { id, hash, name, scopes, expiresInDays, limits = NO_KEY_LIMITS }) {
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<ApiKey>`
          INSERT INTO api_keys (id, owner, hash, name, scopes, requests_per_minute, mib_per_minute, requests_at_once, expires_at)
          SELECT ${id}, ${tenant}, ${Buffer.from(hash)}::bytea, ${name}, ${scopes}::text[],
            ${limits.requestsPerMinute}::integer, ${limits.mibPerMinute}::integer, ${limits.requestsAtOnce}::integer,
            now() + ${expiresInDays}::integer * interval '24 hours'
          WHERE ${hasRoom(tenant)}
          RETURNING ${KEY}`.execute(db),
      );
      return rows[0] ?? null;
    },

    async list(tenant) {
      const { rows } = await queryAsTenant(orm, tenant, (db) =>
        sql<ApiKey>`SELECT ${KEY} FROM api_keys WHERE owner = ${tenant} ORDER BY created_at, id`.execute(db),
      );
      return rows;
    },

    async rotate(tenant, id, successor, overlapH) {
      return queryAsTenant(orm, tenant, async (db) => {
        const rotated = await sql<ApiKey>`
          WITH old AS (
            SELECT * FROM api_keys
            WHERE id = ${id} AND owner = ${tenant} AND replaced_by IS NULL AND ${IS_LIVE} AND ${hasRoom(tenant)}
            FOR UPDATE
          ), ended AS (
            UPDATE api_keys k
            SET replaced_by = ${successor.id}, expires_at = least(k.expires_at, now() + make_interval(hours => ${overlapH}))
            FROM old WHERE k.id = old.id
          )
          -- The successor lives as long as the old key was to live, and has its limits.
          INSERT INTO api_keys (id, owner, hash, name, scopes, requests_per_minute, mib_per_minute, requests_at_once, expires_at)
          SELECT ${successor.id}, owner, ${Buffer.from(successor.hash)}::bytea, name, scopes,
            requests_per_minute, mib_per_minute, requests_at_once,
            now() + (expires_at - created_at)
          FROM old
          RETURNING ${KEY}`.execute(db);
        if (rotated.rows[0] !== undefined) return rotated.rows[0];
        const unchanged = await sql<{ canRotate: boolean }>`
          SELECT replaced_by IS NULL AND ${IS_LIVE} AS "canRotate" FROM api_keys
          WHERE id = ${id} AND owner = ${tenant}`.execute(db);
        const [old] = unchanged.rows;
        if (old === undefined) return 'not_found';
        return old.canRotate ? 'too_many' : 'not_active';
      });
    },

    async revoke(tenant, id) {
      return queryAsTenant(orm, tenant, async (db) => {
        const revoked = await sql`
          UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
          WHERE id = ${id} AND owner = ${tenant}
          RETURNING id`.execute(db);
        if (revoked.rows.length === 0) return null;
        // Rotations make a chain. It is followed from the key in both directions.
        const alive = await sql<ApiKey>`
          WITH RECURSIVE chain AS (
            SELECT id, replaced_by FROM api_keys WHERE owner = ${tenant} AND id = ${id}
            UNION
            SELECT k.id, k.replaced_by FROM api_keys k JOIN chain ON k.replaced_by = chain.id OR k.id = chain.replaced_by
            WHERE k.owner = ${tenant}
          )
          SELECT ${KEY} FROM api_keys WHERE owner = ${tenant} AND ${IS_LIVE} AND id IN (SELECT id FROM chain)
          ORDER BY created_at, id`.execute(db);
        return alive.rows;
      });
    },

    async setLimits(tenant, id, { requestsPerMinute, mibPerMinute, requestsAtOnce }) {
      await queryAsTenant(orm, tenant, (db) =>
        db
          .updateTable('api_keys')
          .set({
            requests_per_minute: requestsPerMinute,
            mib_per_minute: mibPerMinute,
            requests_at_once: requestsAtOnce,
          })
          .where('id', '=', id)
          .where('owner', '=', tenant)
          .execute(),
      );
    },
  };
}
