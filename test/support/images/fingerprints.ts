import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Fingerprints } from '../../../src/domain/ports/fingerprints.ts';
import type { TestDatabase } from '../database.ts';

/** 64 hex digits derived from the text. */
export function hexOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The hash with some of its bits (0 to 63) flipped. */
export function flip(hash: string, bits: readonly number[]): string {
  const mask = bits.reduce((sum, bit) => sum ^ (1n << BigInt(bit)), 0n);
  return (BigInt(`0x${hash}`) ^ mask).toString(16).padStart(16, '0');
}

/** The number of bits in which two hashes differ. */
export function distanceOf(one: string, other: string): number {
  const difference = (BigInt(`0x${one}`) ^ BigInt(`0x${other}`)).toString(2);
  return difference.replaceAll('0', '').length;
}

/** Makes assets of a tenant. Returns their ids. */
export async function insertAssets(database: TestDatabase, owner: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuidv7());
  await database.query(
    `INSERT INTO assets (id, owner, location, path)
     SELECT id::uuid, ?, 'local', 'x' FROM jsonb_array_elements_text(?::jsonb) AS id`,
    [owner, JSON.stringify(ids)],
  );
  return ids;
}

/** Enters assets of a tenant in this order, in one statement. Returns their ids. */
export async function enterAll(
  database: TestDatabase,
  owner: string,
  prints: readonly Fingerprints[],
): Promise<string[]> {
  const ids = await insertAssets(database, owner, prints.length);
  await database.query(
    `SELECT count(enter_fingerprint(id, size, decode("pixelHash", 'hex'), ('x' || "perceptualHash")::bit(64)::bigint))
     FROM jsonb_to_recordset(?::jsonb)
       AS print(id uuid, size double precision, "pixelHash" text, "perceptualHash" text)`,
    [JSON.stringify(prints.map((print, index) => ({ ...print, id: ids[index] })))],
  );
  return ids;
}

/** Enters `count` assets in bulk for a tenant without others: each with hashes of its own, or all of them blank. */
export async function fill(database: TestDatabase, owner: string, count: number, look: 'blank' | 'own') {
  const values = {
    own: `sha256(id::text::bytea), ('x' || left(md5(id::text), 16))::bit(64)::bigint, true`,
    blank: `decode(repeat('00', 32), 'hex'), (-9223372036854775808),
      row_number() OVER () = 1 AND NOT EXISTS (SELECT FROM fingerprints entered WHERE entered.owner = made.owner)`,
  };
  await database.query(
    `WITH made AS (
       INSERT INTO assets (id, owner, location, path)
       SELECT gen_random_uuid(), ?, 'local', 'x' FROM generate_series(1, ?) RETURNING id, owner
     )
     INSERT INTO fingerprints (asset_id, owner, size, pixel_hash, perceptual_hash, first_of_look)
     SELECT id, owner, 600 + random() * 400, ${values[look]} FROM made`,
    [owner, count],
  );
}

/** The fingerprint that `fill` gives to blank pictures. */
export const BLANK = { size: 800, pixelHash: '00'.repeat(32), perceptualHash: '8000000000000000' };
