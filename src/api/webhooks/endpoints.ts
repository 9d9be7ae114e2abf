import type { Response } from 'express';
import { z } from 'zod';
import type { DeliveryLog, Endpoint } from '../../domain/ports/webhooks.ts';
import { tenantOf } from '../http/auth.ts';
import { findOr404 } from '../http/find-or-404.ts';
import { defineOperation } from '../http/operation.ts';
import { endpoint, representEndpoint } from './answers.ts';
import type { WebhookDeps } from './deliveries.ts';

const common = { tag: 'webhooks', scope: 'webhooks:manage' } as const;

export const listEndpoints = defineOperation({
  ...common,
  method: 'get',
  path: '/webhooks/endpoints',
  id: 'listEndpoints',
  summary: 'List the endpoints that were used',
  replies: { 200: { description: 'All endpoints, with their states.', schema: z.array(endpoint) } },
  problems: ['database_unavailable'],
  handle:
    ({ deliveryLog }: WebhookDeps) =>
    async (_req, res) => {
      res.json((await deliveryLog.listEndpoints(tenantOf(res))).map(representEndpoint));
    },
});

export const enableEndpoint = defineOperation({
  ...common,
  method: 'post',
  path: '/webhooks/endpoints/{id}/enable',
  id: 'enableEndpoint',
  summary: 'Enable a disabled endpoint',
  body: 'ignored',
  replies: { 200: { description: 'The endpoint.', schema: endpoint } },
  problems: ['endpoint_not_found', 'database_unavailable', 'storage_full'],
  handle:
    ({ deliveryLog }: WebhookDeps) =>
    async (req, res) => {
      const { id } = await findEndpoint(deliveryLog, res, req.params['id']);
      await deliveryLog.enable(tenantOf(res), id);
      res.json(representEndpoint(await findEndpoint(deliveryLog, res, id)));
    },
});

function findEndpoint(log: DeliveryLog, res: Response, id: unknown): Promise<Endpoint> {
  return findOr404(res, id, log.findEndpoint, 'endpoint_not_found');
}
