import { randomBytes } from 'node:crypto';
import { type Response, Router } from 'express';
import { type ApiKey, expiryAfter, KEY_ENTROPY_BYTES, makeApiKey } from '../../domain/api-key.ts';
import { AppError } from '../../domain/errors.ts';
import type { KeyStore } from '../../domain/ports/keys.ts';
import { requireScope, tenantOf } from '../http/auth.ts';
import type { Answer } from '../http/answer.ts';
import { jsonBody } from '../http/json-body.ts';
import { type newApiKey, representKey } from './answers.ts';
import { parseKeyRequest, parseRotateRequest } from './requests.ts';
import { route } from '../http/routes.ts';

export interface AdminDeps {
  readonly keys: KeyStore;
}

const mayManageKeys = requireScope('admin');

/** The API keys of the caller's own tenant. */
export function createAdminRouter({ keys }: AdminDeps): Router {
  const router = Router();

  async function findKey(tenant: string, id: unknown): Promise<ApiKey> {
    const found = typeof id === 'string' && /^[0-9a-z]+$/.test(id) ? await keys.find(tenant, id) : null;
    if (found === null) throw new AppError('key_not_found');
    return found;
  }

  route(router, '/admin/keys', {
    get: [
      mayManageKeys,
      async (_req, res) => {
        res.json((await keys.list(tenantOf(res))).map(representKey));
      },
    ],
    post: [
      mayManageKeys,
      jsonBody(),
      async (req, res) => {
        const { expiresInDays, ...request } = parseKeyRequest(req.body);
        const { text, ...made } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
        const expiresAt = expiryAfter(expiresInDays, new Date());
        const key = await keys.create(tenantOf(res), { ...made, expiresAt, ...request });
        if (key === null) throw new AppError('too_many_keys');
        sendNewKey(res, key, text);
      },
    ],
  });

  route(router, '/admin/keys/:id', {
    get: [
      mayManageKeys,
      async (req, res) => {
        res.json(representKey(await findKey(tenantOf(res), req.params['id'])));
      },
    ],
    delete: [
      mayManageKeys,
      async (req, res) => {
        const { id } = await findKey(tenantOf(res), req.params['id']);
        await keys.revoke(tenantOf(res), id);
        res.status(204).end();
      },
    ],
  });

  route(router, '/admin/keys/:id/rotate', {
    post: [
      mayManageKeys,
      jsonBody({ optional: true }),
      async (req, res) => {
        const { overlapHours } = parseRotateRequest(req.body);
        const { id } = await findKey(tenantOf(res), req.params['id']);
        const { text, ...successor } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
        const rotated = await keys.rotate(tenantOf(res), id, successor, overlapHours);
        if (typeof rotated === 'string') throw new AppError(ROTATE_ERRORS[rotated]);
        sendNewKey(res, rotated, text);
      },
    ],
  });

  return router;
}

const ROTATE_ERRORS = {
  not_found: 'key_not_found',
  not_active: 'key_not_active',
  too_many: 'too_many_keys',
} as const;

/** The only answer that ever shows a key: it is to be kept nowhere on its way. */
function sendNewKey(res: Response, key: ApiKey, text: string): void {
  res.set('Cache-Control', 'no-store').status(201).location(`/admin/keys/${key.id}`);
  res.json({ ...representKey(key), key: text } satisfies Answer<typeof newApiKey>);
}
