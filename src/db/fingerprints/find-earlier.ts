import { MAX_NEAR_DISTANCE } from '../../domain/measures.ts';
import type { Fingerprints } from '../../domain/ports/fingerprints.ts';
import { probesOf } from './hash-bands.ts';

/** So many of the nearest are told of. */
const NEAREST = 5;

/** The sizes of so many earlier assets are compared. */
const SIZES = 1_000;

/** Where an asset stands among those of its tenant; `seq` is a bigint. */
interface Place {
  readonly tenant: string;
  readonly seq: string;
}

interface Statement {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** Reads what was entered before an asset: one row, an `Earlier`. Every part has an index to walk. */
export function findEarlier(place: Place, prints: Fingerprints): Statement {
  const exact = findExact(place, prints);
  const near = findNear(place, prints);
  const sizes = findSizes(place, prints);
  return {
    sql: `SELECT (${exact.sql}) AS exact, coalesce((${near.sql}), '[]'::json) AS near, (${sizes.sql}) AS sizes`,
    params: [...exact.params, ...near.params, ...sizes.params],
  };
}

const NOTHING: Statement = { sql: 'NULL::json', params: [] };

function findExact({ tenant, seq }: Place, { pixelHash }: Fingerprints): Statement {
  if (pixelHash === undefined) return NOTHING;
  return {
    sql: `SELECT asset_id FROM fingerprints WHERE owner = ? AND pixel_hash = decode(?, 'hex') AND seq < ?
          ORDER BY seq LIMIT 1`,
    params: [tenant, pixelHash, seq],
  };
}

/** One search a band, as a single condition would leave to the planner whether to use the four indexes. */
function findNear({ tenant, seq }: Place, prints: Fingerprints): Statement {
  const { perceptualHash, pixelHash } = prints;
  if (perceptualHash === undefined) return NOTHING;
  const look = lookOf(perceptualHash);
  const distance = `bit_count((perceptual_hash # ?::bigint)::bit(64))`;
  const isOther = pixelHash === undefined ? '' : `AND pixel_hash IS DISTINCT FROM decode(?, 'hex')`;
  const searches = probesOf(perceptualHash).map((probes, index) => ({
    sql: `SELECT asset_id, seq, ${distance} AS distance FROM fingerprints
          WHERE owner = ? AND band_${index + 1} = ANY (?::integer[])
            AND seq < ? AND ${distance} <= ${MAX_NEAR_DISTANCE} ${isOther}`,
    params: [look, tenant, `{${probes.join()}}`, seq, look, ...(pixelHash === undefined ? [] : [pixelHash])],
  }));
  return {
    sql: `SELECT json_agg(json_build_object('assetId', asset_id, 'distance', distance) ORDER BY distance, seq)
          FROM (SELECT * FROM (${searches.map(({ sql }) => sql).join(' UNION ')}) found
                ORDER BY distance, seq LIMIT ${NEAREST}) nearest`,
    params: searches.flatMap(({ params }) => params),
  };
}

function findSizes({ tenant, seq }: Place, { size }: Fingerprints): Statement {
  if (size === null) return NOTHING;
  return {
    sql: `SELECT json_build_object('q1', quartiles[1], 'q3', quartiles[2], 'count', count)
          FROM (SELECT percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY size) AS quartiles, count(*)
                FROM (SELECT size FROM fingerprints WHERE owner = ? AND size IS NOT NULL AND seq < ?
                      ORDER BY seq DESC LIMIT ${SIZES}) last) usual
          WHERE count > 0`,
    params: [tenant, seq],
  };
}

/** A perceptual hash as the column has it: the same 64 bits, signed. */
export function lookOf(perceptualHash: string): string {
  return BigInt.asIntN(64, BigInt(`0x${perceptualHash}`)).toString();
}
