import type { MikroORM } from '@mikro-orm/postgresql';
import type { Earlier } from '../../domain/image-facts.ts';
import { AppError } from '../../domain/errors.ts';
import type { FingerprintStore } from '../../domain/ports/fingerprints.ts';
import { execute } from '../execute.ts';
import { findEarlier, lookOf } from './find-earlier.ts';

/**
 * Comparisons a second of one tenant, on two cores at work with other things as well (Postgres 18, `fsync` on; each is an
 * entry with its commit, and one search):
 *
 * | rows of the tenant       | 1 at once | 8 at once |
 * |--------------------------|-----------|-----------|
 * | 100,000, all different   | 350       | 480       |
 * | 100,000, all blank       | 600       | 350       |
 * | 1,000,000, all different | 110       | 250       |
 * | 1,000,000, all blank     | 130       | 250       |
 *
 * Without the tenant's lock 8 at once are 590 and, all blank, 1,000: other tenants do not wait for it.
 * Slow is who has different looks that share a band: every search measures all of these, 100,000 in 16 ms.
 */
export function createFingerprintStore(orm: MikroORM): FingerprintStore {
  return {
    async compare(assetId, prints) {
      const { size, pixelHash = null, perceptualHash } = prints;
      const look = perceptualHash === undefined ? null : lookOf(perceptualHash);
      const [place] = await execute<{ tenant: string | null; seq: string }>(
        orm,
        `SELECT tenant, place AS seq FROM enter_fingerprint(?, ?, decode(?, 'hex'), ?)`,
        [assetId, size, pixelHash, look],
      );
      if (place === undefined || place.tenant === null)
        throw new AppError('internal', { cause: new Error('no such asset') });
      // A statement of its own: what was entered before is committed by now, and only now to be seen.
      const { sql, params } = findEarlier({ ...place, tenant: place.tenant }, prints);
      const [earlier] = await execute<Earlier>(orm, sql, params);
      if (earlier === undefined) throw new AppError('internal');
      return earlier;
    },
  };
}
