import { type RawBuilder, sql } from 'kysely';
import type { Earlier } from '../../domain/image-facts.ts';
import { MAX_NEAR_DISTANCE } from '../../domain/measures.ts';
import type { Fingerprints } from '../../domain/ports/fingerprints.ts';
import { probesOf } from './hash-bands.ts';

/** How many of the nearest assets are named. */
const NEAREST = 5;

/** How many earlier assets give the usual sizes. */
const SIZES = 1_000;

/** The place of an asset among those of its tenant. Both numbers are bigints. */
interface Place {
  readonly assetId: string;
  readonly tenant: string;
  readonly seq: string;
  /** The place of the first entry of the same file. Duplicates are looked for before it. */
  readonly seqOfFile: string;
}

type Found = Omit<Earlier, 'exactPath'> & { readonly exactPath: string | null };

/** Compares an asset with those entered before it, in one row. Every part of the statement walks an index. */
export function findEarlier(place: Place, prints: Fingerprints): RawBuilder<Found> {
  return sql<Found>`SELECT exact, (${pathOf(sql`exact`)}) AS "exactPath",
    coalesce((${findNear(place, prints)}), '[]'::json) AS near, (${findSizes(place, prints)}) AS sizes
    FROM (SELECT (${findExact(place, prints)}) AS exact) found`;
}

function pathOf(assetId: RawBuilder<unknown>) {
  return sql`SELECT path FROM assets WHERE id = ${assetId}`;
}

const NOTHING = sql`NULL::json`;
const NO_ASSET = sql`NULL::uuid`;

function findExact({ tenant, seqOfFile }: Place, { pixelHash }: Fingerprints) {
  if (pixelHash === undefined) return NO_ASSET;
  return sql`SELECT asset_id FROM fingerprints
    WHERE owner = ${tenant} AND pixel_hash = decode(${pixelHash}, 'hex') AND seq < ${seqOfFile} ORDER BY seq LIMIT 1`;
}

/** One search for each band, because the planner might not use the four indexes for a single condition. */
function findNear({ tenant, seqOfFile }: Place, { perceptualHash, pixelHash }: Fingerprints) {
  if (perceptualHash === undefined) return NOTHING;
  const distance = sql`bit_count((perceptual_hash # ${lookOf(perceptualHash)}::bigint)::bit(64))`;
  const isOther =
    pixelHash === undefined ? sql`true` : sql`pixel_hash IS DISTINCT FROM decode(${pixelHash}, 'hex')`;
  const searches = probesOf(perceptualHash).map(
    (probes, index) =>
      sql`SELECT asset_id, seq, ${distance} AS distance FROM fingerprints
        WHERE owner = ${tenant} AND ${sql.ref(`band_${index + 1}`)} = ANY (${probes}::integer[])
          AND seq < ${seqOfFile} AND ${distance} <= ${sql.lit(MAX_NEAR_DISTANCE)} AND ${isOther}`,
  );
  return sql`SELECT json_agg(json_build_object('assetId', asset_id, 'distance', distance, 'path', (${pathOf(sql`asset_id`)})) ORDER BY distance, seq)
    FROM (SELECT * FROM (${sql.join(searches, sql` UNION `)}) found
          ORDER BY distance, seq LIMIT ${sql.lit(NEAREST)}) nearest`;
}

/** A file counts once, however often it was submitted, and not for itself. Entries of old workers have no file. */
function findSizes({ assetId, tenant, seq }: Place, { size }: Fingerprints) {
  if (size === null) return NOTHING;
  return sql`SELECT json_build_object('q1', quartiles[1], 'q3', quartiles[2], 'count', count)
    FROM (SELECT percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY size) AS quartiles, count(*)
          FROM (SELECT DISTINCT coalesce(file, uuid_send(asset_id)) AS file, size
                FROM (SELECT asset_id, file, size FROM fingerprints
                      WHERE owner = ${tenant} AND size IS NOT NULL AND seq < ${seq}
                      ORDER BY seq DESC LIMIT ${sql.lit(SIZES)}) last
                WHERE (file = (SELECT file FROM fingerprints WHERE asset_id = ${assetId})) IS NOT TRUE) files) usual
    WHERE count > 0`;
}

/** A perceptual hash as its column holds it: the same 64 bits as a signed number. */
export function lookOf(perceptualHash: string): string {
  return BigInt.asIntN(64, BigInt(`0x${perceptualHash}`)).toString();
}
