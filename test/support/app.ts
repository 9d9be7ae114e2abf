import type { Express } from 'express';
import { type AppDeps, createApp } from '../../src/api/app.ts';
import { everybody } from '../../src/api/http/auth.ts';
import { createTraffic } from '../../src/api/http/traffic.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

/** The app with only the given dependencies behind it, for answers that it gives by itself. */
export function createBareApp(given: Partial<AppDeps> = {}): Express {
  return createApp({
    logger: createLogger('silent', 'api'),
    readiness: [],
    traffic: createTraffic({ inFlightMax: 10 }),
    refusal: () => null,
    assets: {} as never,
    policies: {} as never,
    verdicts: {} as never,
    deliveryLog: {} as never,
    executions: {} as never,
    uploads: {} as never,
    resumableUploads: {} as never,
    preflight: () => Promise.resolve([]),
    authenticate: everybody,
    quotas: (_req, _res, next) => next(),
    quotaLimits: { requestsPerMinute: 1, bytesPerMinute: 1, atOnce: 1 },
    keys: {} as never,
    ...given,
  });
}
