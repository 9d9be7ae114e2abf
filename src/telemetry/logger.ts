import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/** JSON lines, by default on standard output. Fields that hold webhook URLs or credentials are cut out wherever they appear. */
export function createLogger(
  level: string,
  process: 'api' | 'worker' | 'migrate',
  destination?: DestinationStream,
): Logger {
  const options = {
    level,
    base: { process },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'url',
        '*.url',
        'notifications',
        '*.notifications',
        'headers.authorization',
        '*.headers.authorization',
      ],
      censor: '***',
    },
    serializers: { err: describeError },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Name, code, message and the same of its causes. A stack only of what nobody foresaw. */
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
