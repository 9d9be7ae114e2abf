import type { MikroORM } from '@mikro-orm/postgresql';
import { AppError } from '../domain/errors.ts';
import { type Earlier, MAX_NEAR_DISTANCE } from '../domain/measures.ts';
import type { FingerprintStore } from '../domain/ports.ts';
import { execute } from './execute.ts';
import { findEarlier, lookOf } from './find-earlier.ts';

/** Nothing is scanned. */
export function createFingerprintStore(orm: MikroORM): FingerprintStore {
  return {
    async compare(assetId, prints, { maxDistance }) {
      // Beyond it the indexes would find some and miss others.
      if (!Number.isInteger(maxDistance) || maxDistance < 0 || maxDistance > MAX_NEAR_DISTANCE)
        throw new AppError('internal', { cause: new RangeError(`distance ${maxDistance}`) });
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
      const { sql, params } = findEarlier({ ...place, tenant: place.tenant }, prints, maxDistance);
      const [earlier] = await execute<Earlier>(orm, sql, params);
      if (earlier === undefined) throw new AppError('internal');
      return earlier;
    },
  };
}
