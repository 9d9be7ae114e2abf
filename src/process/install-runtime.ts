import { Runtime } from '@temporalio/worker';
import type { Logger } from '../telemetry/logger.ts';

/** Temporal is chatty at `info`. */
const LEVEL_OF_TEMPORAL = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
} as const;

/** Temporal's own lines go through our logger, also those of its native part. We handle the signals. */
export function installRuntime(logger: Logger): void {
  const write = (level: keyof typeof LEVEL_OF_TEMPORAL, message: string, meta?: object) =>
    logger[LEVEL_OF_TEMPORAL[level]]({ ...meta, source: 'temporal' }, message);
  const at = (level: keyof typeof LEVEL_OF_TEMPORAL) => (message: string, meta?: object) =>
    write(level, message, meta);
  Runtime.install({
    shutdownSignals: [],
    // Otherwise the native part writes lines that are no JSON. All lines then come through `log`.
    telemetryOptions: { logging: { forward: {} } },
    logger: {
      trace: at('TRACE'),
      debug: at('DEBUG'),
      info: at('INFO'),
      warn: at('WARN'),
      error: at('ERROR'),
      log: write,
    },
  });
}
