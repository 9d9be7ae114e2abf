import type { Response } from 'express';
import { z } from 'zod';
import { REPLAY_PAUSE_S } from '../../domain/delivery.ts';
import { AppError } from '../../domain/errors.ts';
import type { DeliveryEntry, DeliveryLog } from '../../domain/ports/webhooks.ts';
import type { Answer } from '../http/answer.ts';
import { tenantOf } from '../http/auth.ts';
import { findOr404 } from '../http/find-or-404.ts';
import { defineOperation } from '../http/operation.ts';
import { sendPage } from '../http/pages.ts';
import { link, location } from '../openapi/headers.ts';
import { delivery, replayCounts, representDelivery, sentAgain, sentTest } from './answers.ts';
import { TEST_CALLBACK } from './events.ts';
import { asFilter, deliveryQuery, replayRequest, testRequest } from './requests.ts';

/** The log of deliveries: reading it, and sending events again. */
export interface WebhookDeps {
  readonly deliveryLog: DeliveryLog;
}

const common = { tag: 'webhooks', scope: 'webhooks:manage' } as const;

export const listDeliveries = defineOperation({
  ...common,
  method: 'get',
  path: '/webhooks/deliveries',
  id: 'listDeliveries',
  summary: 'List deliveries, newest first',
  query: deliveryQuery,
  replies: {
    200: {
      description: 'A page of deliveries.',
      schema: z.array(delivery),
      headers: { Link: link.optional() },
    },
  },
  problems: ['invalid_request', 'database_unavailable'],
  handle:
    ({ deliveryLog }: WebhookDeps) =>
    async (_req, res, { query }) => {
      const { limit, cursor, ...filter } = query();
      const entries = await deliveryLog.list(tenantOf(res), asFilter(filter), { limit, before: cursor });
      sendPage(res, entries, { limit, represent: representDelivery });
    },
});

export const getDelivery = defineOperation({
  ...common,
  method: 'get',
  path: '/webhooks/deliveries/{id}',
  id: 'getDelivery',
  summary: 'Read a delivery with every try',
  replies: { 200: { description: 'The delivery.', schema: delivery } },
  problems: ['delivery_not_found', 'database_unavailable'],
  handle:
    ({ deliveryLog }: WebhookDeps) =>
    async (req, res) => {
      res.json(representDelivery(await findDelivery(deliveryLog, res, req.params['id'])));
    },
});

export const replayDelivery = defineOperation({
  ...common,
  method: 'post',
  path: '/webhooks/deliveries/{id}/replay',
  id: 'replayDelivery',
  summary: 'Send an event again',
  description:
    'The id and the body stay the same. The schedule of tries starts again. While the event is pending, it can be sent again ' +
    `only ${REPLAY_PAUSE_S} s after the last time.`,
  body: 'ignored',
  replies: {
    202: { description: 'The event will be sent again.', schema: sentAgain, headers: { Location: location } },
  },
  problems: [
    'delivery_not_found',
    'endpoint_disabled',
    'delivery_skipped',
    'replay_too_soon',
    'database_unavailable',
    'storage_full',
  ],
  handle:
    ({ deliveryLog }: WebhookDeps) =>
    async (req, res) => {
      const { id } = await findDelivery(deliveryLog, res, req.params['id']);
      const outcome = await deliveryLog.replay(tenantOf(res), id);
      if (outcome === 'endpoint_disabled') throw new AppError('endpoint_disabled');
      if (typeof outcome === 'object') throw new AppError('replay_too_soon', outcome);
      if (outcome !== 'replayed') throw new AppError('delivery_skipped');
      res
        .status(202)
        .location(`/webhooks/deliveries/${id}`)
        .json({ id, state: 'pending' } satisfies Answer<typeof sentAgain>);
    },
});

export const replayDeliveries = defineOperation({
  ...common,
  method: 'post',
  path: '/webhooks/deliveries/replay',
  id: 'replayDeliveries',
  summary: 'Send all matching events again',
  description: 'The body must name at least one filter.',
  body: { schema: replayRequest, examples: { failed: { state: 'failed' } } },
  replies: { 202: { description: 'How many events will be sent again.', schema: replayCounts } },
  problems: ['invalid_request', 'database_unavailable', 'storage_full'],
  handle:
    ({ deliveryLog }: WebhookDeps) =>
    async (_req, res, { body }) => {
      const counts: Answer<typeof replayCounts> = await deliveryLog.replayAll(
        tenantOf(res),
        asFilter(body()),
      );
      res.status(202).json(counts);
    },
});

export const sendTestEvent = defineOperation({
  ...common,
  method: 'post',
  path: '/webhooks/test',
  id: 'sendTestEvent',
  summary: 'Send a test event',
  body: { schema: testRequest, examples: { echo: { url: 'http://127.0.0.1:8000/echo/post' } } },
  replies: {
    202: {
      description: 'The event will be sent.',
      schema: sentTest,
      headers: { Location: location },
      leadsTo: ['getDelivery', 'replayDelivery'],
    },
  },
  problems: ['invalid_request', 'endpoint_disabled', 'database_unavailable', 'storage_full'],
  callbacks: TEST_CALLBACK,
  handle:
    ({ deliveryLog }: WebhookDeps) =>
    async (_req, res, { body }) => {
      const { url } = body();
      const endpoint = await deliveryLog.findEndpoint(tenantOf(res), url);
      if (endpoint !== null && endpoint.disabledAt !== null) throw new AppError('endpoint_disabled');
      const { id, endpointId } = await deliveryLog.sendTest(tenantOf(res), url);
      res
        .status(202)
        .location(`/webhooks/deliveries/${id}`)
        .json({ id, state: 'pending', endpointId } satisfies Answer<typeof sentTest>);
    },
});

function findDelivery(log: DeliveryLog, res: Response, id: unknown): Promise<DeliveryEntry> {
  return findOr404(res, id, log.find, 'delivery_not_found');
}
