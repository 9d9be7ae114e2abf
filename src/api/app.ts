import express, { type Express, type RequestHandler, Router } from 'express';
import helmet from 'helmet';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../domain/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type AdminDeps, createAdminRouter } from './keys/router.ts';
import { type AssetsDeps, createAssetsRouter } from './assets/router.ts';
import { createDocsRouter } from './service/docs.ts';
import { createHealthRouter, type ReadinessCheck } from './service/health.ts';
import type { Principal } from './http/auth.ts';
import { jsonBody } from './http/json-body.ts';
import { handleErrors } from './http/problem.ts';
import { route } from './http/routes.ts';
import { createPoliciesRouter, type PoliciesDeps } from './policies/router.ts';
import { createTraffic, type Traffic } from './http/traffic.ts';
import { createWebhooksRouter, type WebhooksDeps } from './webhooks/router.ts';

const OPEN_PATHS = ['/docs', '/openapi.json', '/echo'];
/** Requests for them under way at once. */
const OPEN_IN_FLIGHT_MAX = 200;

/** Several times what browsers and proxies send. */
const MAX_HEADERS = 100;

export interface AppDeps extends Omit<AssetsDeps, 'isDraining'>, WebhooksDeps, AdminDeps, PoliciesDeps {
  readonly logger: Logger;
  readonly readiness: readonly ReadinessCheck[];
  readonly traffic: Traffic;
  /** Finds out who calls: `createAuthentication` or `everybody`. */
  readonly authenticate: RequestHandler;
  readonly quotas: RequestHandler;
  /** Whose X-Forwarded-* headers are believed: addresses, CIDR blocks, `loopback`. */
  readonly trustedProxies?: readonly string[];
}

export function createApp({
  logger,
  readiness,
  traffic,
  trustedProxies = [],
  authenticate,
  quotas,
  deliveryLog,
  keys,
  verdicts,
  ...assetsDeps
}: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', [...trustedProxies]);
  app.use(traffic.track, identifyRequest, logRequest(logger), helmet(), boundHeaders);
  app.use(createHealthRouter(readiness, traffic.isDraining));
  // Open to everybody, and so with places of their own: who does not read what he asked for takes none from those with a key.
  // (Receivers have no key: an echo that is to be tried as one is open.)
  app.use(OPEN_PATHS, createTraffic({ inFlightMax: OPEN_IN_FLIGHT_MAX }).limit);
  app.use(createDocsRouter());
  app.use(createEchoRouter());
  app.use(traffic.limit);
  app.use(authenticate, quotas, keepPrivate);
  app.use(createAssetsRouter({ ...assetsDeps, isDraining: traffic.isDraining }));
  app.use(createPoliciesRouter({ policies: assetsDeps.policies, verdicts }));
  app.use(createWebhooksRouter({ deliveryLog }));
  app.use(createAdminRouter({ keys }));
  app.use(() => {
    throw new AppError('not_found');
  });
  app.use(handleErrors(logger));
  return app;
}

/** What a tenant may see is for no shared cache; its own may keep it, and asks each time whether it still holds. */
const keepPrivate: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'private, no-cache');
  next();
};

/** For trying webhooks: answers with the JSON it was sent. */
function createEchoRouter(): Router {
  const router = Router();
  route(router, '/echo/post', {
    post: [
      jsonBody(),
      (req, res) => {
        res.json(req.body);
      },
    ],
  });
  return router;
}

/** Callers may bring their own id, to find the request in their logs and ours. */
const identifyRequest: RequestHandler = (req, res, next) => {
  const given = req.headers['x-request-id'];
  const requestId = typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : uuidv7();
  res.locals['requestId'] = requestId;
  res.set('X-Request-Id', requestId);
  next();
};

/** Of more than 2,000 headers Node would drop the last ones, and say nothing. How large they are together it bounds itself. */
const boundHeaders: RequestHandler = (req, _res, next) => {
  // Names and values in turn.
  if (req.rawHeaders.length > 2 * MAX_HEADERS) throw new AppError('headers_too_large');
  next();
};

function logRequest(logger: Logger): RequestHandler {
  return (req, res, next) => {
    const begin = performance.now();
    // Later the socket may be gone, and its address with it.
    const remoteAddress = req.ip;
    res.once('close', () => {
      const principal = res.locals['principal'] as Principal | undefined;
      logger.info({
        requestId: res.locals['requestId'] as string,
        ...(principal === undefined ? {} : { tenant: principal.tenant, keyId: principal.keyId }),
        remoteAddress,
        method: req.method,
        // Without the query: nobody knows what people put there.
        path: req.path,
        status: res.statusCode,
        ms: Math.round(performance.now() - begin),
        ...(res.writableFinished ? {} : { aborted: true }),
      });
    });
    next();
  };
}
