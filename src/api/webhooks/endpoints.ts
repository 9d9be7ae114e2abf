import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { DeliveryLog, Endpoint } from '../../domain/ports/webhooks.ts';
import { tenantOf } from '../http/auth.ts';
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
      const tenant = tenantOf(res);
      const { id } = await findEndpoint(deliveryLog, tenant, req.params['id']);
      await deliveryLog.enable(tenant, id);
      res.json(representEndpoint(await findEndpoint(deliveryLog, tenant, id)));
    },
});

/** @throws {AppError} `endpoint_not_found` */
async function findEndpoint(log: DeliveryLog, tenant: string, id: unknown): Promise<Endpoint> {
  const found = typeof id === 'string' && isUuid(id) ? await log.findEndpoint(tenant, id) : null;
  if (found === null) throw new AppError('endpoint_not_found');
  return found;
}
