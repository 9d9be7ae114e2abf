import type { MikroORM } from '@mikro-orm/postgresql';
import { type RawBuilder, sql } from 'kysely';
import { queryAsTenant } from '../query.ts';
import { IS_OPEN, IS_TERMINAL } from './lifecycle.ts';

/** The asset is this upload. These are the words of the index `assets_by_upload` (migration 0022). */
export function isUpload(uploadId: RawBuilder<unknown>) {
  return sql<boolean>`location = 'upload' AND locator->>'uploadId' = ${uploadId}`;
}

/** Deletes a terminal asset. Deliveries, tries and fingerprints go with the row (migration 0013). */
export async function deleteAsset(
  orm: MikroORM,
  tenant: string,
  id: string,
): Promise<{ uploadId: string | null } | 'not_terminal' | null> {
  const { rows } = await queryAsTenant(orm, tenant, (db) =>
    sql<{ isGone: boolean; uploadId: string | null }>`
      WITH target AS (SELECT id FROM assets WHERE id = ${id} AND owner = ${tenant} FOR UPDATE),
        gone AS (
          DELETE FROM assets WHERE id = (SELECT id FROM target) AND ${IS_TERMINAL}
          RETURNING id, location, locator->>'uploadId' AS upload
        )
      SELECT EXISTS (SELECT FROM gone) AS "isGone", (
        SELECT upload FROM gone WHERE location = 'upload' AND NOT EXISTS (
          SELECT FROM assets WHERE ${isUpload(sql`gone.upload`)} AND owner = ${tenant} AND id <> gone.id
        )
      ) AS "uploadId" FROM target`.execute(db),
  );
  const [row] = rows;
  if (row === undefined) return null;
  return row.isGone ? { uploadId: row.uploadId } : 'not_terminal';
}

/** Whether an asset without a verdict is this upload. */
export async function isUploadNeeded(orm: MikroORM, tenant: string, uploadId: string): Promise<boolean> {
  const { rows } = await queryAsTenant(orm, tenant, (db) =>
    sql`SELECT FROM assets
      WHERE ${isUpload(sql`${uploadId}`)} AND owner = ${tenant} AND ${IS_OPEN} LIMIT 1`.execute(db),
  );
  return rows.length > 0;
}
