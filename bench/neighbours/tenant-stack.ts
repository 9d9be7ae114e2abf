import type { ChildProcess } from 'node:child_process';
import { startServers } from '../../src/dev/embedded-stack.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { loopbackEnvironment, migrateDatabase, waitUntilStarted } from '../../src/dev/our-programs.ts';
import { readPeakBytes } from '../../src/dev/peak-memory.ts';
import { createApiKey } from '../../test/support/cli.ts';
import type { Target } from '../load.ts';
import { startOurProgram, stopProgram } from '../programs.ts';
import { QUIET_DOMAIN, type SilentNames } from '../../test/support/stand-ins/silent-names.ts';

export interface TenantStack extends Target {
  readonly keys: Readonly<Record<'quiet' | 'noisy', string>>;
  /** The most memory that each process had so far, in MiB. Null if there is no /proc. */
  peakMiB(): { worker: number | null; api: number | null };
  stop(): Promise<void>;
}

/**
 * Servers, API and worker of one attack, with keys and two tenants. With `names`, our programs see only its DNS server, and
 * reach Postgres and Temporal by name.
 */
export async function startTenantStack({
  assetsDir,
  names,
}: {
  /** Files that assets may be, besides the samples. */
  assetsDir: string;
  names: SilentNames | null;
}): Promise<TenantStack> {
  const programs: ChildProcess[] = [];
  const servers = await startServers({ log: () => undefined });
  async function stop(): Promise<void> {
    // Killed, because an attack may hold up an orderly end.
    await Promise.all(programs.map((program) => stopProgram(program, 'SIGKILL')));
    await servers.stop();
  }

  try {
    const { databaseUrl, temporalAddress } = servers;
    const byName = (address: string) =>
      names === null ? address : address.replace('127.0.0.1', `server.${QUIET_DOMAIN}`);
    const port = await freePort();
    const env = {
      ...loopbackEnvironment({
        databaseUrl: byName(databaseUrl),
        temporalAddress: byName(temporalAddress),
        port,
      }),
      AUTH: 'keys',
      ASSET_ROOTS: `assets:${assetsDir}`,
      LOG_LEVEL: 'error',
    };
    await migrateDatabase({ env: { ...process.env, DATABASE_URL: databaseUrl } });
    const cli = { env: { ...env, DATABASE_URL: databaseUrl } };
    const [quiet, noisy] = await Promise.all([
      createApiKey(cli, '--tenant', 'quiet'),
      createApiKey(cli, '--tenant', 'noisy'),
    ]);
    const [api, worker] = (['api', 'worker'] as const).map((name) =>
      startOurProgram(name, env, names?.within),
    ) as [ChildProcess, ChildProcess];
    programs.push(api, worker);
    const baseUrl = `http://127.0.0.1:${port}`;
    await waitUntilStarted(baseUrl);
    return {
      baseUrl,
      databaseUrl,
      keys: { quiet, noisy },
      peakMiB() {
        return { worker: peakMiBOf(worker), api: peakMiBOf(api) };
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function peakMiBOf({ pid }: ChildProcess): number | null {
  const bytes = readPeakBytes(Number(pid));
  return bytes === null ? null : Math.round(bytes / 2 ** 20);
}
