import { Router } from 'express';
import { validate as isUuid } from 'uuid';
import { AppError } from '../domain/errors.ts';
import type { DeliveryEntry, DeliveryLog, Endpoint } from '../domain/webhook-ports.ts';
import type { Answer } from './answer.ts';
import {
  representDelivery,
  representEndpoint,
  type replayCounts,
  type sentAgain,
  type sentTest,
} from './delivery-answers.ts';
import { parseDeliveryQuery, parseReplayRequest, parseTestRequest } from './delivery-requests.ts';
import { jsonBody } from './json-body.ts';
import { sendPage } from './pages.ts';
import { route } from './routes.ts';

export interface WebhooksDeps {
  readonly deliveryLog: DeliveryLog;
}

/** The delivery log, replays and endpoints. */
export function createWebhooksRouter({ deliveryLog }: WebhooksDeps): Router {
  const router = Router();

  route(router, '/webhooks/deliveries', {
    get: [
      async (req, res) => {
        const { limit, cursor, ...filter } = parseDeliveryQuery(req.query);
        const entries = await deliveryLog.list(filter, { limit, before: cursor });
        sendPage(res, entries, { limit, represent: representDelivery });
      },
    ],
  });

  route(router, '/webhooks/deliveries/replay', {
    post: [
      jsonBody(),
      async (req, res) => {
        const counts: Answer<typeof replayCounts> = await deliveryLog.replayAll(parseReplayRequest(req.body));
        res.status(202).json(counts);
      },
    ],
  });

  route(router, '/webhooks/deliveries/:id', {
    get: [
      async (req, res) => {
        res.json(representDelivery(await findDelivery(deliveryLog, req.params['id'])));
      },
    ],
  });

  route(router, '/webhooks/deliveries/:id/replay', {
    post: [
      jsonBody({ optional: true }),
      async (req, res) => {
        const { id } = await findDelivery(deliveryLog, req.params['id']);
        const outcome = await deliveryLog.replay(id);
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
      jsonBody(),
      async (req, res) => {
        const { id, endpointId } = await deliveryLog.sendTest(parseTestRequest(req.body).url);
        res
          .status(202)
          .location(`/webhooks/deliveries/${id}`)
          .json({ id, state: 'pending', endpointId } satisfies Answer<typeof sentTest>);
      },
    ],
  });

  route(router, '/webhooks/endpoints', {
    get: [
      async (_req, res) => {
        res.json((await deliveryLog.listEndpoints()).map(representEndpoint));
      },
    ],
  });

  route(router, '/webhooks/endpoints/:id/enable', {
    post: [
      jsonBody({ optional: true }),
      async (req, res) => {
        const { id } = await findEndpoint(deliveryLog, req.params['id']);
        await deliveryLog.enable(id);
        res.json(representEndpoint(await findEndpoint(deliveryLog, id)));
      },
    ],
  });

  return router;
}

async function findDelivery(log: DeliveryLog, id: unknown): Promise<DeliveryEntry> {
  const found = typeof id === 'string' && isUuid(id) ? await log.find(id) : null;
  if (found === null) throw new AppError('delivery_not_found');
  return found;
}

async function findEndpoint(log: DeliveryLog, id: unknown): Promise<Endpoint> {
  const found = typeof id === 'string' && isUuid(id) ? await log.findEndpoint(id) : null;
  if (found === null) throw new AppError('endpoint_not_found');
  return found;
}
