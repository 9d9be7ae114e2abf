import type { MikroORM } from '@mikro-orm/postgresql';
import { AppError } from '../domain/errors.ts';
import { createSharedPlaces, type SharedPlaces } from '../domain/turns/shared-places.ts';

/** As long as a statement waits for a connection of the pool. */
const WAIT_MS = 5_000;

/** By pool. */
const places = new WeakMap<MikroORM, SharedPlaces>();

/** The connections of a pool, shared among tenants. So no tenant's slow statements take all of them. */
export function connectionsOf(orm: MikroORM): SharedPlaces {
  let known = places.get(orm);
  if (known === undefined) {
    const total = orm.config.get('pool')?.max ?? 1;
    known = createSharedPlaces({ total, waitMs: WAIT_MS, refusal: hasNoConnection });
    places.set(orm, known);
  }
  return known;
}

function hasNoConnection(): AppError {
  return new AppError('database_unavailable', {
    cause: new Error('the tenant has its share of connections'),
  });
}
