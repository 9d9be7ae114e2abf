import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { startEmbeddedTemporal } from './embedded-temporal.ts';
import { freePort } from './free-port.ts';
import type { Track } from './program.ts';
import { findTemporalCli } from './temporal-cli.ts';

type ServerName = 'postgres' | 'temporal';

export interface Servers {
  /** With the password: not for logs. */
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Null if the Temporal server runs elsewhere. */
  readonly temporalCli: string | null;
  /** Stops what was started, and removes the directory if it was a temporary one. */
  stop(): Promise<void>;
}

export interface ServersOptions {
  /** Without it the data lie in a temporary directory. */
  readonly dataDir?: string;
  /** Without them: ports that are free when a server starts. */
  readonly ports?: { readonly postgres: number; readonly temporal: number; readonly temporalUi: number };
  readonly namespace?: string;
  /** Servers that run elsewhere. None is started in their place. */
  readonly outside?: {
    readonly databaseUrl?: string | undefined;
    readonly temporalAddress?: string | undefined;
  };
  /** Path of the Temporal CLI. Without it, `findTemporalCli` searches for one, and fetches it if there is none. */
  readonly temporalCli?: string;
  /** Called with lines about the progress. */
  readonly log: (line: string) => void;
  /** Called with every line that a server prints. */
  readonly onLine?: (server: ServerName, line: string) => void;
  /** Runs one part of the start. It may track its programs, and may start a server again whenever it ends. */
  readonly run?: <Started>(
    part: ServerName | 'temporal-cli',
    start: (track?: Track) => Promise<Started>,
  ) => Promise<Started>;
}

/**
 * Postgres and Temporal on this machine, for `npm run dev`, tests, fault runs and benches alike. Our own programs run
 * beside them as processes (our-programs.ts).
 */
export async function startServers({
  dataDir,
  ports,
  namespace = 'default',
  outside = {},
  log,
  onLine = () => undefined,
  run = (_part, start) => start(),
  ...options
}: ServersOptions): Promise<Servers> {
  const dir = dataDir ?? (await mkdtemp(join(tmpdir(), 'validatr-stack-')));
  const started: { stop(): Promise<void> }[] = [];
  async function stop(): Promise<void> {
    await Promise.all(started.map((server) => server.stop()));
    if (dataDir === undefined) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }

  async function startPostgres(): Promise<string> {
    log('Starting Postgres …');
    const port = ports?.postgres ?? (await freePort());
    const postgres = await run('postgres', (track) =>
      startEmbeddedPostgres({
        dataDir: join(dir, 'postgres'),
        port,
        log: (line) => onLine('postgres', line),
        say: log,
        track,
      }),
    );
    started.push(postgres);
    return postgres.url;
  }

  async function startTemporal(cliPath: string): Promise<string> {
    log('Starting Temporal …');
    const port = ports?.temporal ?? (await freePort());
    const uiPort = ports?.temporalUi ?? (await freePort());
    const temporal = await run('temporal', (track) =>
      startEmbeddedTemporal({
        cliPath,
        dataDir: join(dir, 'temporal'),
        port,
        uiPort,
        namespace,
        log: (line) => onLine('temporal', line),
        track,
      }),
    );
    started.push(temporal);
    return temporal.address;
  }

  try {
    const databaseUrl = outside.databaseUrl ?? (await startPostgres());
    if (outside.temporalAddress !== undefined)
      return { databaseUrl, temporalAddress: outside.temporalAddress, temporalCli: null, stop };
    const temporalCli =
      options.temporalCli ?? (await run('temporal-cli', (track) => findTemporalCli({ log, track })));
    return { databaseUrl, temporalAddress: await startTemporal(temporalCli), temporalCli, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
