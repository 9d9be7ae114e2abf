import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rememberLines, startProgram, type Track, waitUntilReady } from './program.ts';

const run = promisify(execFile);

const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 10_000;

export interface EmbeddedTemporal {
  readonly address: string;
  readonly uiUrl: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface EmbeddedTemporalOptions {
  readonly cliPath: string;
  /** Holds the server's database file; kept over restarts. */
  readonly dataDir: string;
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
  /** More values of Temporal's dynamic config, such as limits that a test lowers. */
  readonly dynamicConfig?: readonly string[];
  readonly log: (line: string) => void;
  readonly track?: Track | undefined;
}

/**
 * A real Temporal server with its Web UI: the CLI's `server start-dev` on a database file. With WAL and synchronous=NORMAL
 * the file costs a third of SQLite's defaults. That is within 10 % of a database in memory [measured].
 */
export async function startEmbeddedTemporal(options: EmbeddedTemporalOptions): Promise<EmbeddedTemporal> {
  const { cliPath, dataDir, port, uiPort, namespace, dynamicConfig = [], log, track } = options;
  await mkdir(dataDir, { recursive: true });
  const address = `127.0.0.1:${port}`;
  const last = rememberLines(20);
  const program = await startProgram({
    command: cliPath,
    args: [
      'server',
      'start-dev',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--ui-port',
      String(uiPort),
      '--namespace',
      namespace,
      '--log-level',
      'error',
      '--db-filename',
      join(dataDir, 'temporal.db'),
      '--sqlite-pragma',
      'journal_mode=wal',
      '--sqlite-pragma',
      'synchronous=normal',
      ...(await searchAttributes()),
      ...[...DYNAMIC_CONFIG, ...dynamicConfig].flatMap((value) => ['--dynamic-config-value', value]),
    ],
    env: process.env,
    onLine(line) {
      last.add(line);
      log(line);
    },
    track,
  });
  try {
    await waitUntilReady(program, () => answers(cliPath, address, port, namespace), {
      name: 'Temporal',
      timeoutMs: START_TIMEOUT_MS,
      lastLines: last.text,
    });
  } catch (error) {
    await program.stop('SIGKILL', 0);
    throw error;
  }
  return {
    address,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    pid: program.pid,
    stop: () => program.stop('SIGTERM', STOP_GRACE_MS),
  };
}

/** One host needs one partition for each task queue. It needs no limits that are meant for many tenants. */
const DYNAMIC_CONFIG = [
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  'matching.rps=100000',
  'frontend.rps=100000',
  'frontend.namespaceRPS=100000',
  'frontend.namespaceRPS.visibility=1000',
];

/** Reads the file that also sets up a server in production. */
async function searchAttributes(): Promise<string[]> {
  const file = new URL('../../temporal-config/search-attributes.json', import.meta.url);
  const attributes = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  return Object.entries(attributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
}

/** Whether the port answers, and the server is healthy and knows the namespace. */
async function answers(cliPath: string, address: string, port: number, namespace: string): Promise<boolean> {
  if (!(await accepts(port))) return false;
  try {
    await run(
      cliPath,
      ['operator', 'namespace', 'describe', '--address', address, '--namespace', namespace],
      {
        timeout: 5_000,
      },
    );
    return true;
  } catch {
    return false;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}
