import { type DestinationStream, type Logger, pino } from 'pino';
import { redact } from './redact.ts';

export type { Logger };

/** Writes JSON lines, by default to standard output. Credentials and fields that hold webhook URLs are masked wherever they appear. */
export function createLogger(
  level: string,
  process: 'api' | 'worker' | 'migrate',
  destination?: DestinationStream,
): Logger {
  const options = {
    level,
    base: { process },
    timestamp: pino.stdTimeFunctions.isoTime,
    // Redacts the whole line, because a secret may be part of any text at any depth.
    hooks: { streamWrite: redact },
    serializers: { err: describeError },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Name, code and message of an error and of its causes. Only unexpected errors show their stack. */
function describeError(error: unknown): object {
  return describe(error, !(error instanceof Error) || error.name !== 'AppError');
}

function describe(error: unknown, withStack: boolean): object {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: error.message,
    ...(withStack ? { stack: error.stack } : {}),
    ...(error.cause === undefined ? {} : { cause: describe(error.cause, withStack) }),
  };
}
