import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { ApiKey } from '../../domain/api-key.ts';
import type { KeyLimits } from '../../domain/ports/limits.ts';
import type { KeyDirectory } from '../../domain/ports/keys.ts';
import { groupByTick } from '../group-by-tick.ts';
import { query } from '../query.ts';
import { IS_LIVE, KEY } from './key-columns.ts';

/** Keys that are remembered as found. */
const MAX_KNOWN = 10_000;

/** Look-ups of one statement. */
const MAX_GROUP = 200;

type FoundRow = ApiKey & { readonly hash: Buffer; readonly ofTenant: Partial<KeyLimits> | null };

/**
 * `orm` must see the keys of all tenants, because a caller is not known before its key is found.
 *
 * Anyone can send keys that do not exist. Their look-ups share statements, one at a time. Those of keys that were found before
 * have statements of their own, so they do not wait for a flood of others.
 */
export function createKeyDirectory(orm: MikroORM): KeyDirectory {
  const known = new LRUCache<string, true>({ max: MAX_KNOWN });

  const find = groupByTick(
    async (ids: readonly string[]) => {
      const { rows } = await query(orm, (db) =>
        sql<FoundRow>`
          SELECT ${KEY}, hash, (
            SELECT json_build_object('requestsPerMinute', requests_per_minute, 'mibPerMinute', mib_per_minute,
              'requestsAtOnce', requests_at_once)
            FROM tenants WHERE tenants.owner = api_keys.owner) AS "ofTenant"
          FROM api_keys WHERE id = ANY (${ids}::text[])`.execute(db),
      );
      const found = new Map(rows.map((row) => [row.id, row]));
      for (const id of found.keys()) known.set(id, true);
      return ids.map((id) => found.get(id));
    },
    { maxGroup: MAX_GROUP, maxConcurrent: 1, partOf: (id) => known.has(id) },
  );

  return {
    async find(id) {
      const row = await find(id);
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
