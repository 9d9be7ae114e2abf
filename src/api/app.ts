import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { AppError } from '../domain/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { checkHeaders, keepPrivate } from './http/headers.ts';
import { routeOperations } from './http/operation.ts';
import { handleErrors } from './http/problem.ts';
import { identifyRequest, logRequest } from './http/request-log.ts';
import { spendNothingAt } from './http/quotas.ts';
import { createTraffic, type Traffic } from './http/traffic.ts';
import { createOpenApiDocument } from './openapi/document.ts';
import { type ApiDeps, OPERATIONS } from './operations.ts';
import { createResolvePolicy } from './policies/resolve-policy.ts';
import { DOCS_FILES, serveDocsFiles } from './service/docs.ts';
import { overrideMethod } from './uploads/tus.ts';

/** How many requests without a key may be in flight at once. */
const OPEN_IN_FLIGHT_MAX = 200;

/** Operations that are answered however many requests are in flight. */
const EXEMPT = OPERATIONS.filter(({ isExempt }) => isExempt === true);
const OPEN = OPERATIONS.filter(({ scope, isExempt }) => scope === null && isExempt !== true);
const SECURED = OPERATIONS.filter(({ scope }) => scope !== null);
const FREE = OPERATIONS.filter(({ isFree }) => isFree === true);

/** Dependencies that the app makes itself. */
type OwnDeps = 'isDraining' | 'resolvePolicy' | 'openApiDocument';

export interface AppDeps extends Omit<ApiDeps, OwnDeps> {
  readonly logger: Logger;
  readonly traffic: Traffic;
  /** Finds out which tenant calls: `createAuthentication` or `everybody`. */
  readonly authenticate: RequestHandler;
  readonly quotas: RequestHandler;
  /** Proxies whose X-Forwarded-* headers are believed: addresses, CIDR blocks, `loopback`. */
  readonly trustedProxies?: readonly string[];
}

/** Whether a path is that of one of the operations, with or without the final slash. */
function isOneOf(operations: readonly { readonly path: string }[]): (path: string) => boolean {
  const paths = new Set(operations.map(({ path }) => path));
  return (path) => paths.has(path.replace(/(?<=.)\/$/, ''));
}

export function createApp({
  logger,
  traffic,
  trustedProxies = [],
  authenticate,
  quotas,
  ...given
}: AppDeps): Express {
  const deps: ApiDeps = {
    ...given,
    isDraining: traffic.isDraining,
    resolvePolicy: createResolvePolicy(given.policies),
    openApiDocument: createOpenApiDocument,
  };
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', [...trustedProxies]);
  app.use(traffic.track, identifyRequest, logRequest(logger, isOneOf(EXEMPT)), helmet(), checkHeaders);
  app.use(routeOperations(EXEMPT, deps));
  // Operations without a key have a limit of their own, so they take no place from clients with a key. The echo has no key,
  // because webhook receivers have none.
  const { limit } = createTraffic({ inFlightMax: OPEN_IN_FLIGHT_MAX });
  app.use(routeOperations(OPEN, deps, limit));
  app.use(DOCS_FILES, limit);
  app.use(serveDocsFiles());
  app.use(traffic.limit);
  app.use(spendNothingAt(isOneOf(FREE)), authenticate, quotas, keepPrivate);
  app.use('/uploads', overrideMethod);
  app.use(routeOperations(SECURED, deps));
  app.use(() => {
    throw new AppError('not_found');
  });
  app.use(handleErrors(logger));
  return app;
}
