import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { AppError } from '../../domain/errors.ts';
import type { Earlier } from '../../domain/image-facts.ts';
import type { Fingerprints, FingerprintStore, KeptFingerprints } from '../../domain/ports/fingerprints.ts';
import { query } from '../query.ts';
import { connectionsOf } from '../tenant-connections.ts';
import { findEarlier, lookOf } from './find-earlier.ts';

/**
 * How many comparisons one tenant gets in a second, on two cores that also did other work (Postgres 18, `fsync` on). One
 * comparison is an entry with its commit, and one search:
 *
 * | rows of the tenant       | 1 at once | 8 at once |
 * |--------------------------|-----------|-----------|
 * | 100,000, all different   | 350       | 480       |
 * | 100,000, all blank       | 600       | 350       |
 * | 1,000,000, all different | 110       | 250       |
 * | 1,000,000, all blank     | 130       | 250       |
 *
 * The tenant's lock has this price. Without it, 8 at once are 590, and all blank 1,000. Other tenants do not wait for it.
 * Different looks that share a band are slow, because every search measures all of them: 100,000 take 16 ms.
 */
export function createFingerprintStore(orm: MikroORM): FingerprintStore {
  async function enterAndCompare(
    assetId: string,
    prints: Fingerprints,
    kept: KeptFingerprints,
  ): Promise<Earlier> {
    const { sha256 = null, place: path = null } = prints;
    const { size, pixelHash = null, perceptualHash } = kept;
    const look = perceptualHash === undefined ? null : lookOf(perceptualHash);
    const entered = await query(orm, (db) =>
      sql<{ tenant: string | null; seq: string; seqOfFile: string }>`
        SELECT tenant, place AS seq, place_of_file AS "seqOfFile"
        FROM enter_fingerprint(${assetId}, ${size}, decode(${pixelHash}, 'hex'), ${look}, ${sha256}, ${path})`.execute(
        db,
      ),
    );
    const [place] = entered.rows;
    if (place === undefined || place.tenant === null)
      throw new AppError('internal', { cause: new Error('no such asset') });
    const { tenant, seq, seqOfFile } = place;
    // This is a second statement, because the first can't see rows committed while it waited for the tenant's lock.
    const found = await query(orm, (db) =>
      findEarlier({ assetId, tenant, seq, seqOfFile }, prints).execute(db),
    );
    const [earlier] = found.rows;
    if (earlier === undefined) throw new AppError('internal');
    const { exactPath, ...rest } = earlier;
    return exactPath === null ? rest : { ...rest, exactPath };
  }

  return {
    compare: (tenant, assetId, prints, kept = prints) =>
      connectionsOf(orm).use(tenant, () => enterAndCompare(assetId, prints, kept)),
  };
}
