import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { Location } from '../../domain/sources/asset-path.ts';
import { DEFAULT_POLICY, type Policy } from '../../domain/policy.ts';
import type { AssetToDispatch, DispatchQueue } from '../../domain/ports/dispatch.ts';
import { query } from '../query.ts';
import { IS_NOT_LEASED, IS_TO_DISPATCH } from './lifecycle.ts';

/**
 * Longer than a workflow start may take (two calls of 5 s). So if a lease runs out, its holder was killed or stopped, and its
 * rows have waited this long. A holder that comes back does no harm. The second start of an attempt finds the workflow, or its
 * run finds the attempt claimed.
 */
const LEASE_S = 12;

type LeasedRow = Omit<AssetToDispatch, 'assetPath' | 'shownPath' | 'policy'> & {
  readonly location: Location;
  readonly path: string;
  readonly policy: Policy | null;
  /** The place of the tenant in this round, from 1. */
  readonly turn: number;
  /** How many tenants have a turn in this round. */
  readonly turns: number;
};

/**
 * Leases rows of all tenants in turns. Each call goes on after the tenant that had the last turn in this process, so any number
 * of tenants get the same number of rows over time, however many wait for each (docs/decisions/0007-turns-by-tenant.md).
 *
 * - `turns` goes from tenant to tenant by the index `assets_to_lease`: first those after the last one, then from the beginning
 *   up to the last one. It stops when each of the `count` places has a tenant. So its time grows neither with the rows that wait
 *   nor with the tenants. OFFSET 0 makes Postgres look for the next tenant once a step.
 * - `places` shares `count` evenly among them. The first ones get what remains.
 * - `taken` locks no more rows of a tenant than it has places. A row locked and not taken would be invisible to other processes.
 *   The condition has a range instead of `=`, because Postgres then has no other index that gives this order.
 */
export function createLeaseInTurns(orm: MikroORM): DispatchQueue['lease'] {
  /** The tenant that had the last turn. */
  let last = '';

  return async (count, { knows, except = [] }) => {
    const waits = sql<boolean>`${IS_TO_DISPATCH} AND ${IS_NOT_LEASED} AND needs <= ${knows}`;
    const isExcepted = sql<boolean>`owner = ANY ((SELECT ${[...except]}::text[])::text[])`;
    const { rows } = await query(orm, (db) =>
      sql<LeasedRow>`
        WITH RECURSIVE turns AS (
          SELECT ${last}::text AS owner, 0 AS turn, false AS is_second_lap
          UNION ALL
          SELECT next.owner, turn + (NOT next.is_excepted)::integer, next.owner <= ${last}
          FROM turns CROSS JOIN LATERAL (
            SELECT owner, ${isExcepted} AS is_excepted FROM (
              SELECT coalesce(
                (SELECT owner FROM assets WHERE ${waits} AND owner > turns.owner ORDER BY owner, id LIMIT 1),
                CASE WHEN NOT is_second_lap THEN
                  (SELECT owner FROM assets WHERE ${waits} AND owner <= ${last} ORDER BY owner, id LIMIT 1)
                END
              ) AS owner OFFSET 0
            ) AS found
          ) AS next
          WHERE turn < ${count} AND next.owner IS NOT NULL AND NOT (is_second_lap AND next.owner > ${last})
        ), places AS (
          SELECT owner, turn, turns, ${count}::integer / turns + (turn <= ${count}::integer % turns)::integer AS places
          FROM (
            SELECT owner, turn, count(*) OVER ()::integer AS turns FROM turns WHERE turn > 0 AND NOT ${isExcepted}
          ) AS served
        ), taken AS (
          SELECT rows.id, turn, turns FROM places CROSS JOIN LATERAL (
            SELECT id FROM assets WHERE ${waits} AND assets.owner >= places.owner AND assets.owner <= places.owner
            ORDER BY assets.owner, id LIMIT places.places FOR UPDATE SKIP LOCKED
          ) AS rows
        )
        UPDATE assets SET lease_until = now() + make_interval(secs => ${LEASE_S})
        FROM taken WHERE assets.id = taken.id
        RETURNING assets.id, owner AS tenant, attempt, location, path, sha256, needs, turn, turns,
          ARRAY(SELECT jsonb_object_keys(webhooks)) AS "webhookKeys",
          CASE WHEN policy_name IS NOT NULL THEN (
            SELECT jsonb_build_object('name', name, 'version', version, 'rules', rules) FROM policies
            WHERE policies.owner = assets.owner AND name = policy_name AND version = policy_version
          ) END AS policy`.execute(db),
    );
    last = lastOfRound(rows, count) ?? last;
    return rows.map(asAsset);
  };
}

function asAsset(row: LeasedRow): AssetToDispatch {
  const { id, tenant, attempt, location, path, webhookKeys, policy, sha256, needs } = row;
  return {
    id,
    tenant,
    attempt,
    assetPath: location === 'local' ? { location, path } : { location },
    shownPath: path,
    webhookKeys,
    policy: policy ?? DEFAULT_POLICY,
    sha256,
    needs,
  };
}

/** The tenant that got the last of the places that could not be shared evenly. The next round begins after it. */
function lastOfRound(rows: readonly LeasedRow[], count: number): string | undefined {
  const turns = rows[0]?.turns ?? 1;
  const lastTurn = count % turns || turns;
  const served = rows.filter(({ turn }) => turn <= lastTurn).sort((a, b) => b.turn - a.turn);
  return served[0]?.tenant;
}
