import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { ApiKey } from '../../domain/api-key.ts';
import type { KeyLimits } from '../../domain/ports/limits.ts';
import type { KeyDirectory } from '../../domain/ports/keys.ts';
import { query } from '../query.ts';
import { IS_LIVE, KEY } from './key-columns.ts';

/** `orm` must see the keys of all tenants, because a caller is not known before its key is found. */
export function createKeyDirectory(orm: MikroORM): KeyDirectory {
  return {
    async find(id) {
      const { rows } = await query(orm, (db) =>
        sql<ApiKey & { hash: Buffer; ofTenant: Partial<KeyLimits> | null }>`
          SELECT ${KEY}, hash, (
            SELECT json_build_object('requestsPerMinute', requests_per_minute, 'mibPerMinute', mib_per_minute,
              'requestsAtOnce', requests_at_once)
            FROM tenants WHERE tenants.owner = api_keys.owner) AS "ofTenant"
          FROM api_keys WHERE id = ${id}`.execute(db),
      );
      const [row] = rows;
      if (row === undefined) return null;
      const { hash, ofTenant, ...key } = row;
      const { requestsPerMinute, mibPerMinute, requestsAtOnce } = key.limits;
      return {
        key,
        hash,
        limits: {
          requestsPerMinute: requestsPerMinute ?? ofTenant?.requestsPerMinute ?? null,
          mibPerMinute: mibPerMinute ?? ofTenant?.mibPerMinute ?? null,
          requestsAtOnce: requestsAtOnce ?? ofTenant?.requestsAtOnce ?? null,
        },
      };
    },

    async markUsed(id) {
      await query(orm, (db) =>
        db.updateTable('api_keys').set({ last_used_at: sql<Date>`now()` }).where('id', '=', id).execute(),
      );
    },

    async listAll() {
      const { rows } = await query(orm, (db) =>
        sql<ApiKey>`SELECT ${KEY} FROM api_keys ORDER BY owner, created_at, id`.execute(db),
      );
      return rows;
    },

    async tenants() {
      const rows = await query(orm, (db) =>
        db.selectFrom('api_keys').select('owner').distinct().orderBy('owner').execute(),
      );
      return rows.map(({ owner }) => owner);
    },

    async hasActive() {
      const { rows } = await query(orm, (db) =>
        sql`SELECT 1 AS one FROM api_keys WHERE ${IS_LIVE} LIMIT 1`.execute(db),
      );
      return rows.length > 0;
    },
  };
}
