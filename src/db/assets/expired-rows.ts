import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { NIL as FIRST_ID } from 'uuid';
import type { ExpiredRows } from '../../domain/ports/retention.ts';
import { query } from '../query.ts';
import { isUpload } from './delete-asset.ts';
import { IS_OPEN, IS_TERMINAL } from './lifecycle.ts';

/** `orm` must see the rows of all tenants. */
export function createExpiredRows(orm: MikroORM): ExpiredRows {
  return {
    async deleteAssets(days, batch, after) {
      const { rows } = await query(orm, (db) =>
        sql<{ id: string; tenant: string; uploadId: string | null }>`
          WITH old AS (
            SELECT id FROM assets
            WHERE id > ${after ?? FIRST_ID}::uuid AND id < ${firstIdAfter(days)}
              AND ${IS_TERMINAL} AND finished_at < ${endOf(days)}
              AND NOT EXISTS (SELECT FROM deliveries WHERE asset_id = assets.id AND state = 'pending')
            ORDER BY id LIMIT ${batch} FOR UPDATE SKIP LOCKED
          ), gone AS (
            DELETE FROM assets WHERE id IN (SELECT id FROM old)
            RETURNING id, owner, location, locator->>'uploadId' AS upload
          )
          SELECT id, owner AS tenant, CASE WHEN location = 'upload' AND NOT EXISTS (
            SELECT FROM assets
            WHERE ${isUpload(sql`gone.upload`)} AND owner = gone.owner AND id NOT IN (SELECT id FROM old)
          ) THEN upload END AS "uploadId"
          FROM gone ORDER BY id`.execute(db),
      );
      const uploads = rows.flatMap(({ tenant, uploadId }) =>
        uploadId === null ? [] : [{ tenant, uploadId }],
      );
      return { count: rows.length, uploads, next: rows.length < batch ? null : (rows.at(-1)?.id ?? null) };
    },

    async deleteTestEvents(days, batch) {
      const { numAffectedRows = 0n } = await query(orm, (db) =>
        sql`DELETE FROM deliveries WHERE id IN (
          SELECT id FROM deliveries WHERE asset_id IS NULL AND id < ${firstIdAfter(days)} AND state <> 'pending' AND finished_at < ${endOf(days)}
          ORDER BY id LIMIT ${batch} FOR UPDATE SKIP LOCKED)`.execute(db),
      );
      return Number(numAffectedRows);
    },

    async findNeededUploads(uploadIds) {
      const { rows } = await query(orm, (db) =>
        sql<{ uploadId: string }>`
          SELECT DISTINCT locator->>'uploadId' AS "uploadId" FROM assets
          WHERE ${isUpload(sql`ANY (${uploadIds}::text[])`)} AND ${IS_OPEN}`.execute(db),
      );
      return new Set(rows.map(({ uploadId }) => uploadId));
    },
  };
}

function endOf(days: number) {
  return sql`now() - make_interval(days => ${days}::integer)`;
}

/** The least UUIDv7 of that time: its first 48 bits are the milliseconds. So the index by id ends the scan. */
function firstIdAfter(days: number) {
  return sql`rpad(lpad(to_hex((extract(epoch FROM ${endOf(days)}) * 1000)::bigint), 12, '0'), 32, '0')::uuid`;
}
