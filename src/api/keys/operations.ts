import { randomBytes } from 'node:crypto';
import type { Response } from 'express';
import { z } from 'zod';
import { type ApiKey, KEY_ENTROPY_BYTES, makeApiKey } from '../../domain/api-key.ts';
import { AppError } from '../../domain/errors.ts';
import type { KeyStore } from '../../domain/ports/keys.ts';
import type { Answer } from '../http/answer.ts';
import { tenantOf } from '../http/auth.ts';
import { defineOperation } from '../http/operation.ts';
import { location } from '../openapi/headers.ts';
import { apiKey, newApiKey, representKey, revokedKey } from './answers.ts';
import { keyRequest, rotateRequest } from './requests.ts';

/** The API keys of the caller's own tenant. */
export interface KeyDeps {
  readonly keys: KeyStore;
}

const common = { tag: 'keys', scope: 'admin' } as const;

/** A key's id is no UUID. */
const params = { id: z.string() };

export const listKeys = defineOperation({
  ...common,
  method: 'get',
  path: '/admin/keys',
  id: 'listKeys',
  summary: "List the tenant's API keys, oldest first",
  replies: { 200: { description: 'All keys of the tenant.', schema: z.array(apiKey) } },
  problems: ['database_unavailable'],
  handle:
    ({ keys }: KeyDeps) =>
    async (_req, res) => {
      res.json((await keys.list(tenantOf(res))).map(representKey));
    },
});

export const createKey = defineOperation({
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
      description: 'The key. It is shown only in this answer.',
      schema: newApiKey,
      headers: { Location: location },
      leadsTo: ['getKey', 'rotateKey', 'revokeKey'],
    },
  },
  problems: ['invalid_request', 'too_many_keys', 'database_unavailable', 'storage_full'],
  handle:
    ({ keys }: KeyDeps) =>
    async (_req, res, { body }) => {
      const { text, ...made } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
      const key = await keys.create(tenantOf(res), { ...body(), ...made });
      if (key === null) throw new AppError('too_many_keys');
      sendNewKey(res, key, text);
    },
});

export const getKey = defineOperation({
  ...common,
  method: 'get',
  path: '/admin/keys/{id}',
  params,
  id: 'getKey',
  summary: 'Read an API key',
  replies: { 200: { description: 'The key, without its secret text.', schema: apiKey } },
  problems: ['key_not_found', 'database_unavailable'],
  handle:
    ({ keys }: KeyDeps) =>
    async (req, res) => {
      res.json(representKey(await findKey(keys, tenantOf(res), req.params['id'])));
    },
});

export const revokeKey = defineOperation({
  ...common,
  method: 'delete',
  path: '/admin/keys/{id}',
  params,
  id: 'revokeKey',
  summary: 'Revoke an API key',
  description:
    'After 5 s no process accepts the key any more. Other keys stay as they are. If the key was part of a rotation, its ' +
    'predecessor or successor may still work.',
  replies: {
    200: {
      description:
        'The key is revoked. Other keys of the same rotation still work; revoke them too if they leaked.',
      schema: revokedKey,
    },
    204: { description: 'The key is revoked. No other key of the same rotation works.' },
  },
  problems: ['key_not_found', 'database_unavailable', 'storage_full'],
  handle:
    ({ keys }: KeyDeps) =>
    async (req, res) => {
      const { id } = await findKey(keys, tenantOf(res), req.params['id']);
      const stillActive = (await keys.revoke(tenantOf(res), id)) ?? [];
      if (stillActive.length === 0) res.status(204).end();
      else res.json({ id, stillActive: stillActive.map(representKey) } satisfies Answer<typeof revokedKey>);
    },
});

export const rotateKey = defineOperation({
  ...common,
  method: 'post',
  path: '/admin/keys/{id}/rotate',
  params,
  id: 'rotateKey',
  summary: 'Replace an API key',
  description:
    'The new key has the same name, scopes and lifetime, counted from now. The old key keeps working for the overlap.',
  body: { schema: rotateRequest, optional: true, examples: { tomorrow: { overlapHours: 24 } } },
  replies: {
    201: {
      description: 'The new key. It is shown only in this answer.',
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
  handle:
    ({ keys }: KeyDeps) =>
    async (req, res, { body }) => {
      const { overlapHours } = body();
      const { id } = await findKey(keys, tenantOf(res), req.params['id']);
      const { text, ...successor } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
      const rotated = await keys.rotate(tenantOf(res), id, successor, overlapHours);
      if (typeof rotated === 'string') throw new AppError(ROTATE_ERRORS[rotated]);
      sendNewKey(res, rotated, text);
    },
});

const ROTATE_ERRORS = {
  not_found: 'key_not_found',
  not_active: 'key_not_active',
  too_many: 'too_many_keys',
} as const;

/** @throws {AppError} `key_not_found` */
async function findKey(keys: KeyStore, tenant: string, id: unknown): Promise<ApiKey> {
  const found = typeof id === 'string' && /^[0-9a-z]+$/.test(id) ? await keys.find(tenant, id) : null;
  if (found === null) throw new AppError('key_not_found');
  return found;
}

/** The only answer that ever shows a key, so no cache on the way may keep it. */
function sendNewKey(res: Response, key: ApiKey, text: string): void {
  res.set('Cache-Control', 'no-store').status(201).location(`/admin/keys/${key.id}`);
  res.json({ ...representKey(key), key: text } satisfies Answer<typeof newApiKey>);
}
