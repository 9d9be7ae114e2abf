import { z } from 'zod';
import { delivery, endpoint, replayCounts, sentAgain, sentTest } from './answers.ts';
import { deliveryQuery, replayRequest, testRequest } from './requests.ts';
import { TEST_CALLBACK } from './events.ts';
import { link, location } from '../openapi/headers.ts';
import type { Operation } from '../openapi/paths.ts';

const common = { tag: 'webhooks', scope: 'webhooks:manage' } as const;

export const WEBHOOK_OPERATIONS: readonly Operation[] = [
  {
    ...common,
    method: 'get',
    path: '/webhooks/deliveries',
    id: 'listDeliveries',
    summary: 'List deliveries, newest first',
    query: deliveryQuery,
    replies: {
      200: {
        description: 'A page of them.',
        schema: z.array(delivery),
        headers: { Link: link.optional() },
      },
    },
    problems: ['invalid_request', 'database_unavailable'],
  },
  {
    ...common,
    method: 'get',
    path: '/webhooks/deliveries/{id}',
    id: 'getDelivery',
    summary: 'Read a delivery with every try',
    replies: { 200: { description: 'The delivery.', schema: delivery } },
    problems: ['delivery_not_found', 'database_unavailable'],
  },
  {
    ...common,
    method: 'post',
    path: '/webhooks/deliveries/{id}/replay',
    id: 'replayDelivery',
    summary: 'Send an event again',
    description: 'Under the same id and with the same body, from the start of the schedule.',
    body: 'ignored',
    replies: {
      202: { description: 'It is sent again.', schema: sentAgain, headers: { Location: location } },
    },
    problems: [
      'delivery_not_found',
      'endpoint_disabled',
      'delivery_skipped',
      'database_unavailable',
      'storage_full',
    ],
  },
  {
    ...common,
    method: 'post',
    path: '/webhooks/deliveries/replay',
    id: 'replayDeliveries',
    summary: 'Send all events again that match',
    description: 'At least one restriction has to be given.',
    body: { schema: replayRequest, examples: { failed: { state: 'failed' } } },
    replies: { 202: { description: 'How many are sent again.', schema: replayCounts } },
    problems: ['invalid_request', 'database_unavailable', 'storage_full'],
  },
  {
    ...common,
    method: 'post',
    path: '/webhooks/test',
    id: 'sendTestEvent',
    summary: 'Send a test event',
    body: { schema: testRequest, examples: { echo: { url: 'http://127.0.0.1:8000/echo/post' } } },
    replies: {
      202: {
        description: 'It is sent.',
        schema: sentTest,
        headers: { Location: location },
        leadsTo: ['getDelivery', 'replayDelivery'],
      },
    },
    problems: ['invalid_request', 'endpoint_disabled', 'database_unavailable', 'storage_full'],
    callbacks: TEST_CALLBACK,
  },
  {
    ...common,
    method: 'get',
    path: '/webhooks/endpoints',
    id: 'listEndpoints',
    summary: 'List the endpoints that were used',
    replies: { 200: { description: 'All of them, and how each does.', schema: z.array(endpoint) } },
    problems: ['database_unavailable'],
  },
  {
    ...common,
    method: 'post',
    path: '/webhooks/endpoints/{id}/enable',
    id: 'enableEndpoint',
    summary: 'Enable a disabled endpoint',
    body: 'ignored',
    replies: { 200: { description: 'The endpoint.', schema: endpoint } },
    problems: ['endpoint_not_found', 'database_unavailable', 'storage_full'],
  },
];
