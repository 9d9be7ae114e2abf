import { LRUCache } from 'lru-cache';
import { createNameServers, NameError } from './name-servers.ts';
import { createPlaces } from './places.ts';
import { createSystemFiles } from './system-files.ts';

interface Asker {
  readonly tenant: string;
  /** The caller waits no longer. */
  readonly signal: AbortSignal;
}

/**
 * The addresses of a name. Never empty.
 * @throws {NameError}, or the reason of the signal
 */
export type Lookup = (hostname: string, asker: Asker) => Promise<readonly string[]>;

interface LookupSettings {
  /** Name servers, as `address` or `address:port`. None: those of the system. */
  readonly servers: readonly string[];
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  readonly hostsFile?: string;
  readonly resolvConf?: string;
}

/** RFC 1035. */
const MAX_NAME_LENGTH = 253;

/** A look-up that is under way ends then. It is half of a try, and five times the first try. */
const DEADLINE_MS = 5_000;

/** Names that are never answered take all places of their tenant, and none of another. A place holds at most two sockets. */
const PLACES = { perTenant: 8, total: 256 };

/** An answer is valid for as long as it says, within these bounds. */
const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 5 * 60_000;
/** A failure is remembered for less than a delivery waits before its second try. */
const FAILURE_TTL_MS = 2_000;

/** Some ten thousand names. */
const MAX_CACHE_BYTES = 4 * 1024 * 1024;
const ENTRY_BYTES = 300;
const ADDRESS_BYTES = 64;

/** An address list, or the code of a failure. */
interface Known {
  readonly found: readonly string[] | NameError['code'];
  readonly until: number;
}

/** A look-up that several callers may wait for. */
interface Shared {
  readonly addresses: Promise<readonly string[]>;
  readonly stop: AbortController;
  callers: number;
}

/**
 * Looks names up, as the system does: in the hosts file, then by name servers, with search domains. The system's own function
 * (`dns.lookup`) blocks one of a few threads until the servers answer. Nobody can end it, and our connections to Postgres and
 * Temporal wait behind it.
 */
export function createLookup({ servers, now = () => performance.now(), ...files }: LookupSettings): Lookup {
  const system = createSystemFiles({ now, ...files });
  const nameServers = createNameServers({
    fullNamesOf: system.fullNamesOf,
    servers: servers.length === 0 ? system.servers : () => servers,
  });
  const places = createPlaces(PLACES);
  /** Names mean the same for all tenants. */
  const cache = new LRUCache<string, Known>({
    maxSize: MAX_CACHE_BYTES,
    sizeCalculation: ({ found }, name) =>
      ENTRY_BYTES + name.length + (typeof found === 'string' ? 0 : found.length * ADDRESS_BYTES),
  });
  /** By tenant and name. A name that waits in the line of one tenant must not make another tenant wait. */
  const underWay = new Map<string, Shared>();

  /** Undefined if nobody knows. @throws {NameError} if the name failed a moment ago */
  function recall(hostname: string): readonly string[] | undefined {
    const known = cache.get(hostname);
    if (known === undefined || known.until <= now()) return undefined;
    if (typeof known.found === 'string') throw new NameError(known.found);
    return known.found;
  }

  async function ask(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
    try {
      const { addresses, ttlMs } = await nameServers.ask(hostname, signal);
      const validMs = Math.min(Math.max(ttlMs, MIN_TTL_MS), MAX_TTL_MS);
      cache.set(hostname, { found: addresses, until: now() + validMs });
      return addresses;
    } catch (error) {
      if (error instanceof NameError)
        cache.set(hostname, { found: error.code, until: now() + FAILURE_TTL_MS });
      throw error;
    }
  }

  async function askInTurn(hostname: string, tenant: string, stop: AbortController) {
    const leave = await places.take(tenant, stop.signal);
    const deadline = setTimeout(() => stop.abort(new NameError('ETIMEDOUT')), DEADLINE_MS);
    try {
      // Another tenant may have asked in the meantime.
      return recall(hostname) ?? (await ask(hostname, stop.signal));
    } finally {
      clearTimeout(deadline);
      leave();
    }
  }

  function share(key: string, hostname: string, tenant: string): Shared {
    const existing = underWay.get(key);
    if (existing !== undefined) return existing;
    const stop = new AbortController();
    const shared = { addresses: askInTurn(hostname, tenant, stop), stop, callers: 0 };
    underWay.set(key, shared);
    return shared;
  }

  return async (hostname, { tenant, signal }) => {
    signal.throwIfAborted();
    if (hostname.length > MAX_NAME_LENGTH) throw new NameError('ENOTFOUND');
    const known = system.addressesOf(hostname) ?? recall(hostname);
    if (known !== undefined) return known;
    const key = `${tenant} ${hostname}`;
    const shared = share(key, hostname, tenant);
    shared.callers += 1;
    try {
      return await whileNotAborted(shared.addresses, signal);
    } finally {
      shared.callers -= 1;
      if (shared.callers === 0) {
        if (underWay.get(key) === shared) underWay.delete(key);
        shared.stop.abort();
      }
    }
  };
}

function whileNotAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
