import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNameServer } from './name-server.ts';

/** Names below it lead to loopback, and are answered at once. */
export const QUIET_DOMAIN = 'quiet.test';
/** Questions about names below it are never answered. */
export const SILENT_DOMAIN = 'silent.test';

const NO_SUCH_NAME = 3;

/** A loopback address that nothing else listens on, because resolv.conf has no ports. */
const SERVER = { host: `127.0.${process.pid % 250}.53`, port: 53 };

/** Only the shell and the programs that it starts see its mounts. */
const UNSHARED = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c'] as const;

export interface SilentNames {
  /** The command that runs a program with this server as the only one in its /etc/resolv.conf. */
  readonly within: readonly string[];
  /** Names that were asked for and got no answer. */
  readonly unanswered: ReadonlySet<string>;
  close(): Promise<void>;
}

/**
 * A DNS server on loopback that leaves some names without an answer. Programs see it as the system's resolver, because they
 * run in a mount namespace with another /etc/resolv.conf. This machine's own file stays as it is. `options`: see resolv.conf(5).
 * @throws without root
 */
export async function startSilentNames(options = ''): Promise<SilentNames> {
  const unanswered = new Set<string>();
  const server = await startNameServer(({ name }) => {
    if (!name.endsWith(`.${SILENT_DOMAIN}`))
      return name.endsWith(`.${QUIET_DOMAIN}`) ? { addresses: ['127.0.0.1'] } : { code: NO_SUCH_NAME };
    unanswered.add(name);
    return null;
  }, SERVER);
  const dir = await mkdtemp(join(tmpdir(), 'validatr-names-'));
  const file = join(dir, 'resolv.conf');
  await writeFile(file, `nameserver ${SERVER.host}\noptions ${options}\n`);
  return {
    within: [...UNSHARED, 'mount --bind "$0" /etc/resolv.conf && exec "$@"', file],
    unanswered,
    async close() {
      await server.close();
      await rm(dir, { recursive: true });
    },
  };
}
