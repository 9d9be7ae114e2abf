import { z } from 'zod';
import { apiKey, newApiKey } from './answers.ts';
import { keyRequest, rotateRequest } from './requests.ts';
import { location } from '../openapi/headers.ts';
import type { Operation } from '../openapi/paths.ts';

const common = { tag: 'keys', scope: 'admin' } as const;

/** A key's id is no UUID. */
const params = { id: z.string() };

export const ADMIN_OPERATIONS: readonly Operation[] = [
  {
    ...common,
    method: 'get',
    path: '/admin/keys',
    id: 'listKeys',
    summary: "List the tenant's API keys, oldest first",
    replies: { 200: { description: 'All of them.', schema: z.array(apiKey) } },
    problems: ['database_unavailable'],
  },
  {
    ...common,
    method: 'post',
    path: '/admin/keys',
    id: 'createKey',
    summary: 'Make an API key',
    body: {
      schema: keyRequest,
      examples: {
        importer: { name: 'importer', scopes: ['assets:read', 'assets:write'], expiresInDays: 90 },
      },
    },
    replies: {
      201: {
        description: 'The key, shown this once.',
        schema: newApiKey,
        headers: { Location: location },
        leadsTo: ['getKey', 'rotateKey', 'revokeKey'],
      },
    },
    problems: ['invalid_request', 'too_many_keys', 'database_unavailable', 'storage_full'],
  },
  {
    ...common,
    method: 'get',
    path: '/admin/keys/{id}',
    params,
    id: 'getKey',
    summary: 'Read an API key',
    replies: { 200: { description: 'The key, without what would let someone use it.', schema: apiKey } },
    problems: ['key_not_found', 'database_unavailable'],
  },
  {
    ...common,
    method: 'delete',
    path: '/admin/keys/{id}',
    params,
    id: 'revokeKey',
    summary: 'Revoke an API key',
    description: 'Within 5 s no process takes it any more.',
    replies: { 204: { description: 'It is revoked.' } },
    problems: ['key_not_found', 'database_unavailable', 'storage_full'],
  },
  {
    ...common,
    method: 'post',
    path: '/admin/keys/{id}/rotate',
    params,
    id: 'rotateKey',
    summary: 'Put another key in its place',
    description:
      'Of the same name and scopes, and with as long to live from now on. The old one works on for the overlap.',
    body: { schema: rotateRequest, optional: true, examples: { tomorrow: { overlapHours: 24 } } },
    replies: {
      201: {
        description: 'The new key, shown this once.',
        schema: newApiKey,
        headers: { Location: location },
      },
    },
    problems: [
      'invalid_request',
      'key_not_found',
      'key_not_active',
      'too_many_keys',
      'database_unavailable',
      'storage_full',
    ],
  },
];
