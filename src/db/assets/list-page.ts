import type { MikroORM } from '@mikro-orm/postgresql';
import { type RawBuilder, sql } from 'kysely';
import { MAX as LAST_ID } from 'uuid';
import type { AssetFilter, ListedAsset } from '../../domain/ports/assets.ts';
import { queryAsTenant } from '../query.ts';

/**
 * How far the clock of an API that made an id may be from that of Postgres. Ids begin with a time, so a page finds its place by
 * the id, and only then compares `created_at`.
 */
const CLOCKS_APART_MS = 600_000;

/** No text of as many characters as the index holds is greater. */
const GREATEST = '\u{10FFFF}'.repeat(256);

/**
 * One page of the list, newest first. Each filter has its index (migrations 0013 and 0018), except `source` and the default
 * policy: an index of what most assets have in common would cost every write of an asset. The view shows only rows of the tenant that `queryAsTenant` has set.
 */
export async function readListPage(
  orm: MikroORM,
  tenant: string,
  filter: AssetFilter,
  { limit, before = LAST_ID }: { limit: number; before?: string | undefined },
): Promise<ListedAsset[]> {
  const { rows } = await queryAsTenant(orm, tenant, (db) =>
    sql<ListedAsset>`
      SELECT id, state, errors, path, policy, code, external_id AS "externalId", coalesce(labels, '{}') AS labels,
        created_at AS "createdAt", finished_at AS "finishedAt"
      FROM listed_assets WHERE owner = ${tenant} AND id < ${before}::uuid AND ${matches(filter)}
      ORDER BY id DESC LIMIT ${limit}`.execute(db),
  );
  return rows;
}

function matches({ state, code, policy, path, source, externalId, since, until }: AssetFilter) {
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (state !== undefined) conditions.push(sql`state = ${state}`);
  // Only with these states, the index of codes has all that match.
  if (code !== undefined) conditions.push(sql`code = ${code} AND state IN ('failed', 'canceled')`);
  if (policy !== undefined) conditions.push(sql`policy = ${policy}`);
  if (source !== undefined) conditions.push(sql`location = ${source}`);
  if (externalId !== undefined) conditions.push(sql`external_id = ${externalId}`);
  if (path !== undefined)
    conditions.push(
      sql`path_start >= left(${path}, 256) AND path_start <= left(${path}, 256) || ${GREATEST}`,
      sql`starts_with(path, ${path})`,
    );
  if (since !== undefined)
    conditions.push(
      sql`id >= ${firstIdAt(since.getTime() - CLOCKS_APART_MS)}::uuid AND created_at >= ${since}`,
    );
  if (until !== undefined)
    conditions.push(
      sql`id < ${firstIdAt(until.getTime() + CLOCKS_APART_MS)}::uuid AND created_at < ${until}`,
    );
  return sql.join(conditions, sql` AND `);
}

/** The UUIDv7 (RFC 9562, 5.7) before all others of this millisecond. Its first 48 bits are the time. */
function firstIdAt(timeMs: number): string {
  const hex = Math.max(0, timeMs).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
