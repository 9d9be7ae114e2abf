import { AppError } from '../../domain/errors.ts';
import type { AssetStore } from '../../domain/ports/assets.ts';
import type { Answer } from '../http/answer.ts';
import { tenantOf } from '../http/auth.ts';
import { defineOperation } from '../http/operation.ts';
import { invalidRequest } from '../http/parse.ts';
import { location } from '../openapi/headers.ts';
import type { ResolvePolicy } from '../policies/resolve-policy.ts';
import { cancelRequested, queuedAsset } from './answers.ts';
import { findOr404 } from '../http/find-or-404.ts';
import { policyFault, type Refusal, refuseWork } from './refuse-work.ts';
import { cancelRequest, retryRequest } from './requests.ts';

interface CancelDeps {
  readonly assets: AssetStore;
}

export interface RetryDeps {
  readonly assets: AssetStore;
  readonly resolvePolicy: ResolvePolicy;
  readonly refusal: Refusal;
}

const common = { method: 'post', tag: 'assets', scope: 'assets:write' } as const;

export const cancelAsset = defineOperation({
  ...common,
  path: '/assets/{id}/cancel',
  id: 'cancelAsset',
  summary: 'Request that a validation be canceled',
  description:
    'This is a request. The first terminal state stands, so `complete` or `failed` may still follow.',
  body: { schema: cancelRequest, optional: true, examples: { reason: { reason: 'wrong batch' } } },
  replies: {
    202: {
      description: 'The request is committed.',
      schema: cancelRequested,
      headers: { Location: location },
    },
  },
  problems: ['invalid_request', 'asset_not_found', 'asset_terminal', 'database_unavailable', 'storage_full'],
  handle:
    ({ assets }: CancelDeps) =>
    async (req, res, { body }) => {
      const { reason } = body();
      const { id } = await findOr404(res, req.params['id'], assets.find);
      const outcome = await assets.requestCancel(tenantOf(res), id, reason ?? null);
      if (outcome === 'already_terminal') throw new AppError('asset_terminal');
      const { state } = await findOr404(res, id, assets.find);
      res
        .status(202)
        .location(`/assets/${id}`)
        .json({ id, state } satisfies Answer<typeof cancelRequested>);
    },
});

export const retryAsset = defineOperation({
  ...common,
  path: '/assets/{id}/retry',
  id: 'retryAsset',
  summary: 'Validate a terminal asset again',
  description: 'Under the policy version of the last attempt, or under another policy.',
  body: { schema: retryRequest, optional: true, examples: { 'another policy': { policy: 'default@1' } } },
  replies: {
    202: { description: 'A new attempt is queued.', schema: queuedAsset, headers: { Location: location } },
  },
  problems: [
    'invalid_request',
    'asset_not_found',
    'asset_not_terminal',
    'database_unavailable',
    'backlog_full',
    'storage_full',
  ],
  before: refuseWork,
  handle:
    ({ assets, resolvePolicy }: RetryDeps) =>
    async (req, res, { body }) => {
      const reference = body().policy;
      const { id } = await findOr404(res, req.params['id'], assets.find);
      const tenant = tenantOf(res);
      const policy = reference === undefined ? undefined : await resolvePolicy(tenant, reference);
      if (policy instanceof AppError) throw invalidRequest([policyFault(policy)]);
      const outcome = await assets.retry(tenant, id, policy);
      if (outcome === 'not_terminal') throw new AppError('asset_not_terminal');
      if (outcome === 'not_found') throw new AppError('asset_not_found');
      res
        .status(202)
        .location(`/assets/${id}`)
        .json({ id, state: 'queued' } satisfies Answer<typeof queuedAsset>);
    },
});
