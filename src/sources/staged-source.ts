import { addAbortSignal } from 'node:stream';
import { type Location, type PathAt, serverOf } from '../domain/sources/asset-path.ts';
import type { AssetFile, Found, SourceCall, ValidationCall } from '../domain/ports/sources.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';
import { trouble } from './faults.ts';
import type { FetchPlaces } from './fetch-places.ts';
import type { RemoteSource } from './remote-source.ts';
import type { Staging } from './staging.ts';

/** How long an object may take to come, milliseconds. A regular try has 240 s in all. */
const FETCH_WALL_MS = 200_000;

/** How long storage may take to say whether it has an object, milliseconds. */
const STAT_WALL_MS = 10_000;

export interface StagingBounds {
  /** A longer object is not decoded. */
  readonly maxBytes: number;
  /** If an object is longer than `maxBytes`, only so many bytes are read. */
  readonly headBytes: number;
}

/** One kind of remote storage, with its bytes staged on disk. `places` bounds how many objects are on their way. */
export function createStagedSource<At extends Location>(
  remote: RemoteSource<At>,
  staging: Staging,
  { places, bounds }: { places: FetchPlaces; bounds: StagingBounds },
) {
  async function fetchObject(path: PathAt<At>, call: ValidationCall): Promise<Found | Unreachable> {
    const { maxBytes, headBytes } = bounds;
    const object = await remote.get(path, call);
    if ('unreachable' in object) return object;
    const { bytes, body } = object;
    if (call.signal !== undefined) addAbortSignal(call.signal, body);
    if (bytes !== null) {
      const most = bytes > maxBytes ? headBytes : bytes;
      const came = await staging.keep(call.stagedAs, body, { bytes, most });
      return typeof came === 'number' ? { bytes } : came;
    }
    // Without a length, one byte more than the bound tells that there are too many.
    const came = await staging.keep(call.stagedAs, body, { bytes, most: maxBytes + 1 });
    if (typeof came !== 'number') return came;
    if (came <= maxBytes) return { bytes: came };
    await staging.release(call.stagedAs);
    return { unreachable: 'too_large' };
  }

  function fetch(path: PathAt<At>, call: ValidationCall): Promise<Found | Unreachable> {
    return places.use({ tenant: call.tenant, server: serverOf(path) }, () =>
      inTime(FETCH_WALL_MS, call, (timed) => fetchObject(path, timed)),
    );
  }

  async function open(path: PathAt<At>, call: ValidationCall): Promise<AssetFile | Unreachable> {
    const staged = await staging.take(call.stagedAs);
    if (staged !== null) return staged;
    // It was fetched by another worker, or this is another try.
    const fetched = await fetch(path, call);
    if ('unreachable' in fetched) return fetched;
    const file = await staging.take(call.stagedAs);
    if (file === null) throw trouble('staging_lost');
    return file;
  }

  return {
    stat: (path: PathAt<At>, call: SourceCall) =>
      inTime(STAT_WALL_MS, call, (timed) => remote.stat(path, timed)),
    fetch,
    open,
  };
}

/**
 * Gives the work a signal that ends it in time, and waits no longer than that. Some libraries look at no signal while they ask
 * for credentials.
 */
async function inTime<Call extends SourceCall, Result>(
  wallMs: number,
  call: Call,
  work: (call: Call) => Promise<Result>,
): Promise<Result> {
  const wall = AbortSignal.timeout(wallMs);
  const signal = call.signal === undefined ? wall : AbortSignal.any([call.signal, wall]);
  const late = Promise.withResolvers<never>();
  const end = () => setImmediate(() => late.reject(trouble('timeout')));
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  const result = work({ ...call, signal });
  // Nobody may wait for it any more.
  result.catch(() => undefined);
  try {
    return await Promise.race([result, late.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
