import { createLogger } from '../telemetry/logger.ts';
import { endProcess } from './end-process.ts';
import { describeFailure } from './program.ts';

/** A program whose output is a log: every line is JSON, also the last one. */
type Service = 'api' | 'worker' | 'migrate';

/** Runs a service's main function. An error that it throws, or that nobody catches, ends the process with one line. */
export async function runService(name: Service, main: () => Promise<void>): Promise<void> {
  logWarningsOfNode(name);
  // Also for promises: a rejection that nobody handles becomes such an exception.
  process.on('uncaughtException', (error) => endService(name, error));
  try {
    await main();
  } catch (error) {
    endService(name, error);
  }
}

/** Ends the process, with the reason as its last line. It goes on for a moment if a look-up of a name has to be cut off. */
export function endService(name: Service, error: unknown): void {
  const { text, exitCode, isExpected } = describeFailure(error);
  createLogger('fatal', name).fatal(isExpected ? {} : { err: error }, text);
  endProcess(exitCode);
}

/** Node would print them as text. */
function logWarningsOfNode(name: Service): void {
  const logger = createLogger('warn', name);
  process.removeAllListeners('warning');
  process.on('warning', ({ name: kind, message, stack }) => {
    logger.warn({ kind, stack, source: 'node' }, message);
  });
}
