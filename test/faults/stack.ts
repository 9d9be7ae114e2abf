import { createWriteStream, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger } from '@temporalio/worker';
import { bundleWorkflows } from '../../src/process/workflow-bundle.ts';
import { startServers } from '../../src/dev/embedded-stack.ts';
import { isPortFree } from '../../src/dev/free-port.ts';
import {
  loopbackEnvironment,
  migrateDatabase,
  ourProgram,
  waitUntilStarted,
} from '../../src/dev/our-programs.ts';
import { type Program, startProgram, type Track } from '../../src/dev/program.ts';
import { CONDITION_MS } from '../support/deadlines.ts';
import { type KeptProgram, keepRunning } from './keep-running.ts';
import type { Log } from './log.ts';
import type { Target } from './plan.ts';
import { bundleOf, environmentOf, type Version, VERSION_FLAG } from './means/versions.ts';

const CLOCK_FLAG = `--import=${new URL('../support/step-clock.ts', import.meta.url).href}`;

export interface FaultStack {
  readonly baseUrl: string;
  readonly databaseUrl: string;
  readonly programs: Readonly<Record<Target, KeptProgram>>;
  /** Kills Temporal. Its next start finds no data. */
  loseTemporalData(): Promise<void>;
  /** Starts a worker of the older version beside the other. The function that it returns kills it. */
  startOlderWorker(): Promise<() => Promise<void>>;
  readonly env: Record<string, string>;
  stop(): Promise<void>;
}

interface FaultStackOptions {
  /** Gets the output of API and worker. */
  readonly outputFile: string;
  /** `address:port` */
  readonly nameServer: string;
  /** By how much the clock of API or worker steps at SIGUSR2. */
  readonly clockStepMs: number;
}

/**
 * The whole stack on ports of its own. Each program is a process that is started again when it ends. API and
 * worker are of the newer version (`versions.ts`).
 */
export async function startFaultStack(
  cliPath: string,
  log: Log,
  { outputFile, nameServer, clockStepMs }: FaultStackOptions,
): Promise<FaultStack> {
  const dir = await mkdtemp(join(tmpdir(), 'validatr-faults-'));
  const output = createWriteStream(outputFile);
  const kept: Partial<Record<Target, KeptProgram>> = {};
  const started = new Set<Program>();
  // Any end of the runner ends them too. A handler of `exit` can't wait, so it kills them.
  const killAll = () => {
    for (const program of started) program.process.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', killAll);

  async function stop(): Promise<void> {
    // A program is stopped before the programs that it depends on.
    for (const target of ['api', 'worker', 'temporal', 'postgres'] as const) await kept[target]?.stop();
    process.off('exit', killAll);
    output.end();
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Resolves with the result of the first start. Later starts give the same. */
  async function keep<Started>(
    target: Target,
    start: (track: Track) => Promise<Started>,
    stopSignal: NodeJS.Signals,
  ): Promise<Started> {
    const starts: Started[] = [];
    kept[target] = await keepRunning({
      async start(track) {
        const result = await start(async (program) => {
          started.add(program);
          await track(program);
        });
        starts.push(result);
      },
      stopSignal,
      onStarted: () => log.add({ type: 'program_started', program: target }),
      onEnded: (how) => log.add({ type: 'program_ended', program: target, ...how }),
    });
    return starts[0] as Started;
  }

  const onLine = (target: Target) => (line: string) =>
    void output.write(`${new Date().toISOString()} ${target.padEnd(8)} | ${line}\n`);

  try {
    const [port, postgres, temporal, temporalUi] = await fixedPorts();
    const servers = await startServers({
      dataDir: dir,
      ports: { postgres, temporal, temporalUi },
      temporalCli: cliPath,
      log: () => undefined,
      onLine: (server, line) => onLine(server)(line),
      run: (part, start) =>
        part === 'temporal-cli' ? start() : keep(part, start, part === 'postgres' ? 'SIGINT' : 'SIGKILL'),
    });
    const { databaseUrl, temporalAddress } = servers;
    const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
    await migrateDatabase({ env: { ...inherited, DATABASE_URL: databaseUrl } });
    const { code } = await bundleWorkflows(new DefaultLogger('WARN'));
    const ofVersion = async (version: Version) => {
      const bundle = join(dir, `workflow-bundle-${version}.js`);
      await writeFile(bundle, bundleOf(version, code));
      return { ...environmentOf(version), WORKFLOW_BUNDLE: bundle };
    };

    const env = {
      ...inherited,
      ...loopbackEnvironment({ databaseUrl, temporalAddress, port }),
      LOG_LEVEL: 'warn',
      AUTH: 'keys',
      DNS_SERVERS: nameServer,
      NODE_OPTIONS: `${VERSION_FLAG} ${CLOCK_FLAG}`,
      CLOCK_STEP_MS: String(clockStepMs),
      ...(await ofVersion('newer')),
    };
    const node = (target: 'api' | 'worker') =>
      keep(
        target,
        (track) => startProgram({ ...ourProgram(target), env, onLine: onLine(target), track }),
        'SIGKILL',
      );
    await Promise.all([node('api'), node('worker')]);
    const baseUrl = `http://127.0.0.1:${port}`;
    await waitUntilStarted(baseUrl, CONDITION_MS);
    return {
      baseUrl,
      databaseUrl,
      programs: kept as Record<Target, KeptProgram>,
      loseTemporalData: () =>
        (kept as Record<Target, KeptProgram>).temporal.killAnd(() =>
          rm(join(dir, 'temporal'), { recursive: true, force: true }),
        ),
      async startOlderWorker() {
        const worker = await startProgram({
          ...ourProgram('worker'),
          env: { ...env, ...(await ofVersion('older')) },
          onLine: onLine('worker'),
        });
        started.add(worker);
        return () => worker.stop('SIGKILL', 0);
      },
      env,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Free ports below the range from which systems take ports for outgoing connections. A port in that range could be taken while a
 * program is being restarted.
 */
async function fixedPorts(): Promise<[number, number, number, number]> {
  const ports: number[] = [];
  while (ports.length < 4) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!ports.includes(port) && (await isPortFree(port, '127.0.0.1'))) ports.push(port);
  }
  return ports as [number, number, number, number];
}
