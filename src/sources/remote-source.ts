import type { Readable } from 'node:stream';
import type { PathAt, Location } from '../domain/sources/asset-path.ts';
import type { Found, SourceCall } from '../domain/ports/sources.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';

/** An object whose bytes are on their way. The caller reads `body` to its end, or destroys it. Otherwise its socket is lost. */
interface RemoteObject extends Found {
  readonly body: Readable;
}

/**
 * A kind of storage on other machines. Both functions return the cause if the object is not reachable, and throw trouble
 * (`faults.ts`). They end when the signal does. Errors of `body` may be of any kind, `staging.ts` maps them.
 * @throws {AppError} `storage_unavailable`
 */
export interface RemoteSource<At extends Location> {
  /** Asks for the object without its bytes. */
  stat(path: PathAt<At>, call: SourceCall): Promise<Found | Unreachable>;
  /** Asks for the object and its bytes. */
  get(path: PathAt<At>, call: SourceCall): Promise<RemoteObject | Unreachable>;
}

/** The length of the whole object, from the header Content-Range of a part. Null if it does not say (RFC 9110, 14.4). */
export function totalIn(contentRange = ''): number | null {
  const [, total] = /\/(\d+)$/.exec(contentRange) ?? [];
  return total === undefined ? null : Number(total);
}
