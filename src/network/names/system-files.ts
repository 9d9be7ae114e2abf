import { promises as dns } from 'node:dns';
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

/** A changed file is noticed after this time. */
const LOOK_AGAIN_MS = 1_000;

/** As hosts(5) says: the addresses of each name. */
type Hosts = ReadonlyMap<string, readonly string[]>;

/** As resolv.conf(5) says. */
interface ResolvConf {
  readonly search: readonly string[];
  /** A name with fewer dots is first looked up in the search domains. */
  readonly ndots: number;
  readonly servers: readonly string[];
}

export interface SystemFiles {
  /** The addresses in the hosts file. Undefined if it does not have the name. */
  addressesOf(hostname: string): readonly string[] | undefined;
  /** The full names that a name may mean, in the order in which they are asked for. */
  fullNamesOf(hostname: string): readonly string[];
  /** The name servers, in the order in which they are asked. */
  servers(): readonly string[];
}

/** `now` in milliseconds. */
export function createSystemFiles({
  now,
  hostsFile = '/etc/hosts',
  resolvConf = '/etc/resolv.conf',
}: {
  now: () => number;
  hostsFile?: string | undefined;
  resolvConf?: string | undefined;
}): SystemFiles {
  const hosts = readWhenChanged(hostsFile, parseHosts, now);
  const resolver = readWhenChanged(resolvConf, parseResolvConf, now);

  return {
    addressesOf(hostname) {
      const name = withoutLastDot(hostname).toLowerCase();
      // RFC 6761: `localhost` is this machine, whatever name servers say.
      const isLocal = name === 'localhost' || name.endsWith('.localhost');
      return hosts().get(name) ?? (isLocal ? ['127.0.0.1', '::1'] : undefined);
    },

    fullNamesOf(hostname) {
      if (hostname.endsWith('.')) return [withoutLastDot(hostname)];
      const { search, ndots } = resolver();
      const searched = search.map((domain) => `${hostname}.${domain}`);
      const dots = hostname.split('.').length - 1;
      return dots >= ndots ? [hostname, ...searched] : [...searched, hostname];
    },

    servers: () => resolver().servers,
  };
}

/**
 * The parsed file; empty if nobody can read it. It is read in this thread. The other threads may be waiting for a storage
 * of assets that does not answer.
 */
function readWhenChanged<Parsed>(
  path: string,
  parse: (text: string) => Parsed,
  now: () => number,
): () => Parsed {
  let version: string | null = null;
  let lookAgainAt = 0;
  let parsed = parse('');

  return () => {
    if (version !== null && now() < lookAgainAt) return parsed;
    lookAgainAt = now() + LOOK_AGAIN_MS;
    const found = orEmpty(() => {
      const { ino, size, mtimeMs } = statSync(path);
      return `${ino} ${size} ${mtimeMs}`;
    });
    if (found === version) return parsed;
    version = found;
    parsed = parse(orEmpty(() => readFileSync(path, 'utf8')));
    return parsed;
  };
}

/** Without the file, the system's own look-ups go on, too. */
function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const [address = '', ...names] of wordsOfLines(text)) {
    if (isIP(address) === 0) continue;
    for (const name of names.map((word) => word.toLowerCase()))
      hosts.set(name, [...(hosts.get(name) ?? []), address]);
  }
  return hosts;
}

function parseResolvConf(text: string): ResolvConf {
  let search: readonly string[] = [];
  let ndots = 1;
  for (const [word, ...values] of wordsOfLines(text)) {
    // The last such line counts.
    if (word === 'search' || word === 'domain') search = values.map(withoutLastDot);
    if (word !== 'options') continue;
    const option = values.findLast((value) => /^ndots:\d+$/.test(value));
    if (option !== undefined) ndots = Number(option.slice('ndots:'.length));
  }
  return {
    search: search.filter((domain) => domain !== ''),
    ndots,
    // c-ares has read the servers from the same file. It knows their defaults, too.
    servers: new dns.Resolver().getServers(),
  };
}

function wordsOfLines(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.replace(/[#;].*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.split(/\s+/));
}

function withoutLastDot(name: string): string {
  return name.replace(/\.$/, '');
}
