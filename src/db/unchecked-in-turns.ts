import { type RawBuilder, sql } from 'kysely';

/** By table: the condition of its index of migration 0020. */
const IN_INDEX = {
  assets: sql<boolean>`state IN ('queued', 'in_progress') AND dispatched_at IS NOT NULL`,
  deliveries: sql<boolean>`state = 'pending' AND handed_over_at IS NOT NULL`,
};

/**
 * Ids of up to `count` rows that were unchecked longest, of those that the index holds and `condition` allows. Tenants take
 * turns: each has the same number of places, as far as its rows reach. So a tenant with thousands of rows delays the check of
 * another's by one turn.
 *
 * It goes from tenant to tenant by the index, and reads few more than `count` rows of each. Ranges instead of `=` keep Postgres
 * from another index and a sort (see `lease-in-turns.ts`). Measured on a very busy machine: 23 ms beside 100,000 rows of one
 * tenant, 0.2 s with 200 more tenants of 300 rows each. A round comes every 15 s.
 */
export function uncheckedInTurns(
  table: keyof typeof IN_INDEX,
  condition: RawBuilder<boolean>,
  count: number,
): RawBuilder<{ id: string }> {
  const rows = sql`${sql.table(table)} AS unchecked WHERE ${IN_INDEX[table]}`;
  return sql`
    WITH RECURSIVE tenants AS (
      SELECT '' AS tenant
      UNION ALL
      SELECT (SELECT min(owner) FROM ${rows} AND owner > tenant) FROM tenants WHERE tenant IS NOT NULL
    )
    SELECT id FROM tenants CROSS JOIN LATERAL (
      SELECT id, checked_at, row_number() OVER (ORDER BY owner, checked_at NULLS FIRST, id) AS place
      FROM ${rows} AND ${condition} AND owner >= tenant AND owner <= tenant
      ORDER BY owner, checked_at NULLS FIRST, id LIMIT ${count}
    ) AS of_tenant
    ORDER BY place, checked_at NULLS FIRST, id LIMIT ${count}`;
}
