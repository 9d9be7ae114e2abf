import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../../config.ts';
import { takeLock } from '../../dev/lock.ts';
import { CannotRun, onStopSignal, requireRoots } from '../program.ts';
import { checkPorts } from './check-ports.ts';
import { checkSettings } from './environment.ts';
import { createRunningStack } from './running-stack.ts';
import { startStack } from './start-stack.ts';

const HELP = `npm run dev: the whole stack on this machine

Starts Postgres, Temporal with its Web UI, the API and a worker. Ctrl-C stops all of it. The data stay in .validatr/.

  PORT (8000), TEMPORAL_UI_PORT (8233), TEMPORAL_PORT (7233), POSTGRES_PORT (5433)
  DATABASE_URL       use this Postgres instead of an embedded one
  TEMPORAL_ADDRESS   use this Temporal server instead of an embedded one
  S3=yes             a local S3 server as well, with the samples in a bucket; S3_PORT (8333)
  LOG_LEVEL          of API and worker; "warn" here, "info" shows every request

All variables: .env-example`;

const say = (line: string) => process.stdout.write(`${line}\n`);

/** `npm run dev` */
export async function runDev(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help === true) {
    say(HELP);
    return;
  }
  const config = readConfig();
  checkSettings(config);
  const dataDir = resolve(config.VALIDATR_DATA_DIR);
  const lockFile = join(dataDir, 'lock');

  await mkdir(dataDir, { recursive: true });
  const holder = await takeLock(lockFile, 'src/bin/dev.ts');
  if (holder !== null) {
    throw new CannotRun(
      `It runs already in ${dataDir} (process ${holder}). Stop that one, or set VALIDATR_DATA_DIR and other ports.`,
      1,
    );
  }
  const running = createRunningStack(dataDir);
  const stop = async (code: number) => {
    if (running.isStopping()) return;
    const hasStarted = !running.isEmpty();
    if (hasStarted) say('Stopping … (press Ctrl-C again to stop at once)');
    await running.stop();
    await rm(lockFile, { force: true });
    if (hasStarted) say('Stopped.');
    process.exit(code);
  };
  const stopNow = () => {
    running.kill();
    process.exit(1);
  };
  onStopSignal(() => void stop(0), stopNow, ['SIGINT', 'SIGTERM', 'SIGHUP']);

  try {
    await running.stopLeftovers(say);
    await checkPorts(config);
    await mkdir(join(config.assetBase, 'assets'), { recursive: true });
    await requireRoots(config);
    await startStack({
      config,
      dataDir,
      running,
      say,
      onGiveUp(reason) {
        say(reason);
        void stop(1);
      },
    });
  } catch (error) {
    // A signal during the start stops the program that the start waits for. That failure needs no message.
    if (!running.isStopping()) {
      say(error instanceof Error ? error.message : String(error));
      await stop(1);
    }
  }
}
