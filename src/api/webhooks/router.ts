import { Router } from 'express';
import { validate as isUuid } from 'uuid';
import { AppError } from '../../domain/errors.ts';
import type { DeliveryEntry, DeliveryLog, Endpoint } from '../../domain/ports/webhooks.ts';
import type { Answer } from '../http/answer.ts';
import {
  representDelivery,
  representEndpoint,
  type replayCounts,
  type sentAgain,
  type sentTest,
} from './answers.ts';
import { parseDeliveryQuery, parseReplayRequest, parseTestRequest } from './requests.ts';
import { requireScope, tenantOf } from '../http/auth.ts';
import { jsonBody } from '../http/json-body.ts';
import { sendPage } from '../http/pages.ts';
import { route } from '../http/routes.ts';

export interface WebhooksDeps {
  readonly deliveryLog: DeliveryLog;
}

const mayManage = requireScope('webhooks:manage');

/** The delivery log, replays and endpoints. */
export function createWebhooksRouter({ deliveryLog }: WebhooksDeps): Router {
  const router = Router();

  route(router, '/webhooks/deliveries', {
    get: [
      mayManage,
      async (req, res) => {
        const { limit, cursor, ...filter } = parseDeliveryQuery(req.query);
        const entries = await deliveryLog.list(tenantOf(res), filter, { limit, before: cursor });
        sendPage(res, entries, { limit, represent: representDelivery });
      },
    ],
  });

  route(router, '/webhooks/deliveries/replay', {
    post: [
      mayManage,
      jsonBody(),
      async (req, res) => {
        const counts: Answer<typeof replayCounts> = await deliveryLog.replayAll(
          tenantOf(res),
          parseReplayRequest(req.body),
        );
        res.status(202).json(counts);
      },
    ],
  });

  route(router, '/webhooks/deliveries/:id', {
    get: [
      mayManage,
      async (req, res) => {
        res.json(representDelivery(await findDelivery(deliveryLog, tenantOf(res), req.params['id'])));
      },
    ],
  });

  route(router, '/webhooks/deliveries/:id/replay', {
    post: [
      mayManage,
      jsonBody({ optional: true }),
      async (req, res) => {
        const { id } = await findDelivery(deliveryLog, tenantOf(res), req.params['id']);
        const outcome = await deliveryLog.replay(tenantOf(res), id);
        if (outcome === 'endpoint_disabled') throw new AppError('endpoint_disabled');
        if (outcome !== 'replayed') throw new AppError('delivery_skipped');
        res
          .status(202)
          .location(`/webhooks/deliveries/${id}`)
          .json({ id, state: 'pending' } satisfies Answer<typeof sentAgain>);
      },
    ],
  });

  route(router, '/webhooks/test', {
    post: [
      mayManage,
      jsonBody(),
      async (req, res) => {
        const { url } = parseTestRequest(req.body);
        const endpoint = await deliveryLog.findEndpoint(tenantOf(res), url);
        if (endpoint !== null && endpoint.disabledAt !== null) throw new AppError('endpoint_disabled');
        const { id, endpointId } = await deliveryLog.sendTest(tenantOf(res), url);
        res
          .status(202)
          .location(`/webhooks/deliveries/${id}`)
          .json({ id, state: 'pending', endpointId } satisfies Answer<typeof sentTest>);
      },
    ],
  });

  route(router, '/webhooks/endpoints', {
    get: [
      mayManage,
      async (_req, res) => {
        res.json((await deliveryLog.listEndpoints(tenantOf(res))).map(representEndpoint));
      },
    ],
  });

  route(router, '/webhooks/endpoints/:id/enable', {
    post: [
      mayManage,
      jsonBody({ optional: true }),
      async (req, res) => {
        const tenant = tenantOf(res);
        const { id } = await findEndpoint(deliveryLog, tenant, req.params['id']);
        await deliveryLog.enable(tenant, id);
        res.json(representEndpoint(await findEndpoint(deliveryLog, tenant, id)));
      },
    ],
  });

  return router;
}

async function findDelivery(log: DeliveryLog, tenant: string, id: unknown): Promise<DeliveryEntry> {
  const found = typeof id === 'string' && isUuid(id) ? await log.find(tenant, id) : null;
  if (found === null) throw new AppError('delivery_not_found');
  return found;
}

async function findEndpoint(log: DeliveryLog, tenant: string, id: unknown): Promise<Endpoint> {
  const found = typeof id === 'string' && isUuid(id) ? await log.findEndpoint(tenant, id) : null;
  if (found === null) throw new AppError('endpoint_not_found');
  return found;
}
