import { AppError } from '../domain/errors.ts';
import { createSharedPlaces, type SharedPlaces } from '../domain/turns/shared-places.ts';

/** An operation that takes longer hangs. */
const HANGS_AFTER_MS = 2_000;

/** How long an operation waits for a place. A local try has 5 s in all. */
const WAIT_MS = 4_000;

/**
 * Places for operations of the file system. The system cannot end one that hangs, so it keeps its thread until the storage
 * answers. The same threads look up the names of Postgres and Temporal. If all operations of a tenant hang, its next one fails at
 * once, because it would keep a slot of the worker while it waits.
 */
export function createStoragePlaces({ total }: { total: number }): SharedPlaces {
  return createSharedPlaces({
    total,
    waitMs: WAIT_MS,
    stuckAfterMs: HANGS_AFTER_MS,
    refusal: doesNotAnswer,
  });
}

export function doesNotAnswer(): AppError {
  return new AppError('storage_unavailable', { cause: new Error('it does not answer in time') });
}
