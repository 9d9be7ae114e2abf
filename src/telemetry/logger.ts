import { type Logger, pino } from 'pino';

export type { Logger };

/** JSON lines on standard output. Fields that hold webhook URLs or credentials are cut out wherever they appear. */
export function createLogger(level: string, process: 'api' | 'worker' | 'dev' | 'migrate'): Logger {
  return pino({
    level,
    base: { process },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ['url', '*.url', 'notifications', '*.notifications', 'headers.authorization', '*.headers.authorization'],
      censor: '***',
    },
    serializers: { err: describeError },
  });
}

/** Name, code, message and the same of its causes. Stacks only of what nobody foresaw. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: error.message,
    ...(error.name === 'AppError' ? {} : { stack: error.stack }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
