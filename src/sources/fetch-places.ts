import { createSharedPlaces } from '../domain/turns/shared-places.ts';
import { trouble } from './faults.ts';

/** Objects that are on their way to this process at once. One tenant has half of them at most. */
const FETCHES = 64;

/** Of these, one server has so many for each tenant. So a slow server leaves half of a tenant's places to others. */
const FETCHES_OF_A_SERVER = 16;

/** How long a fetch waits for its turn, milliseconds. A local try has 5 s in all. */
const WAIT_MS = 4_000;

/** If all fetches from a server have taken longer, the next one fails at once. Otherwise it would keep a slot of the worker. */
const SLOW_AFTER_MS = 20_000;

export interface FetchPlaces {
  /** @throws {AppError} `storage_unavailable` if there is no place in time */
  use<Result>(from: { tenant: string; server: string }, work: () => Promise<Result>): Promise<Result>;
}

/** Tenants take turns at fetching, and so do the servers of each tenant. */
export function createFetchPlaces(): FetchPlaces {
  const common = { waitMs: WAIT_MS, refusal: () => trouble('busy') };
  const tenants = createSharedPlaces({ ...common, total: FETCHES });
  const servers = createSharedPlaces({
    ...common,
    total: Number.POSITIVE_INFINITY,
    mostOfOne: FETCHES_OF_A_SERVER,
    stuckAfterMs: SLOW_AFTER_MS,
  });
  return {
    use: ({ tenant, server }, work) => servers.use(`${tenant} ${server}`, () => tenants.use(tenant, work)),
  };
}
