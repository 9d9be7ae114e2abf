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
 * One page of the list, newest first. Each filter has its index (migrations 0013, 0018 and 0021), except `source` and the default
 * policy: an index of what most assets have in common would cost every write of an asset. The view shows only rows of the tenant that `queryAsTenant` has set.
 * With a code, the page begins with the table of codes, because an asset may have several.
 */
export async function readListPage(
  orm: MikroORM,
  tenant: string,
  filter: AssetFilter,
  { limit, before = LAST_ID }: { limit: number; before?: string | undefined },
): Promise<ListedAsset[]> {
  const { code } = filter;
  // The page goes by the first of these columns. Both are bounded, because Postgres may walk the indexes of both.
  const [ids, listed] =
    code === undefined
      ? [[sql`id`], sql`listed_assets`]
      : [
          [sql`asset_id`, sql`id`],
          sql`(SELECT asset_id FROM asset_codes WHERE owner = ${tenant} AND code = ${code}) AS coded
            JOIN listed_assets ON id = asset_id`,
        ];
  const { rows } = await queryAsTenant(orm, tenant, (db) =>
    sql<ListedAsset>`
      SELECT id, state, errors, path, policy, code, external_id AS "externalId", coalesce(labels, '{}') AS labels,
        created_at AS "createdAt", finished_at AS "finishedAt"
      FROM ${listed} WHERE owner = ${tenant} AND ${all(ids, sql`< ${before}::uuid`)} AND ${matches(filter, ids)}
      ORDER BY ${ids[0]} DESC LIMIT ${limit}`.execute(db),
  );
  return rows;
}

/** Each of the columns is bounded. */
function all(columns: readonly RawBuilder<unknown>[], bound: RawBuilder<unknown>) {
  return sql.join(
    columns.map((column) => sql`${column} ${bound}`),
    sql` AND `,
  );
}

function matches(
  { state, policy, path, source, externalId, since, until }: AssetFilter,
  ids: readonly RawBuilder<unknown>[],
) {
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (state !== undefined) conditions.push(sql`state = ${state}`);
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
      all(ids, sql`>= ${firstIdAt(since.getTime() - CLOCKS_APART_MS)}::uuid`),
      sql`created_at >= ${since}`,
    );
  if (until !== undefined)
    conditions.push(
      all(ids, sql`< ${firstIdAt(until.getTime() + CLOCKS_APART_MS)}::uuid`),
      sql`created_at < ${until}`,
    );
  return sql.join(conditions, sql` AND `);
}

/** The UUIDv7 (RFC 9562, 5.7) before all others of this millisecond. Its first 48 bits are the time. */
function firstIdAt(timeMs: number): string {
  const hex = Math.max(0, timeMs).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
