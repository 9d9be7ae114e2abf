import { z } from 'zod';
import { isTerminal } from '../../domain/asset.ts';
import type { AssetStore } from '../../domain/ports/assets.ts';
import type { Executions } from '../../domain/ports/executions.ts';
import { tenantOf } from '../http/auth.ts';
import { streamJsonArray } from '../http/json-stream.ts';
import { defineOperation, type Operation } from '../http/operation.ts';
import { sendPage } from '../http/pages.ts';
import { sendTagged } from '../http/tagged.ts';
import { conditionalHeaders, etag, link } from '../openapi/headers.ts';
import { asset, assetAttempt, assetDetails, assetLive, assetOnPage, listedAsset } from './answers.ts';
import { findOr404 } from '../http/find-or-404.ts';
import {
  representAsset,
  representAttempt,
  representDetails,
  representListed,
  representLive,
  representOnPage,
} from './represent.ts';
import { attemptsQuery, listQuery } from './requests.ts';

export interface ReadDeps {
  readonly assets: AssetStore;
}

const common = { method: 'get', tag: 'assets', scope: 'assets:read' } as const;

const notModified = { description: 'Nothing has changed.', headers: { ETag: etag } };

export const listAssets = defineOperation({
  ...common,
  path: '/assets',
  id: 'listAssets',
  summary: 'List assets, newest first',
  description:
    'Without parameters the answer is the whole list, streamed, and each asset has three members. With any of them it is a page, ' +
    'each asset has more members, and `Link` leads to the next page. An asset has to match all the filters that are given.',
  query: listQuery,
  replies: {
    200: {
      description: 'The list, or a page of it.',
      schema: z.array(z.union([assetOnPage, listedAsset])),
      headers: { Link: link.optional() },
    },
  },
  problems: ['invalid_request', 'database_unavailable'],
  handle:
    ({ assets }: ReadDeps) =>
    async (req, res, { query }) => {
      const { limit, cursor: before, ...filter } = query();
      if (Object.keys(req.query).length === 0)
        return streamJsonArray(res, assets.list(tenantOf(res)), representListed);
      const items = await assets.page(tenantOf(res), filter, { limit, before });
      return sendPage(res, items, { limit, represent: representOnPage });
    },
});

export const getAsset = defineOperation({
  ...common,
  path: '/assets/{id}',
  id: 'getAsset',
  summary: 'Read an asset',
  headers: conditionalHeaders,
  replies: { 200: { description: 'The asset.', schema: asset, headers: { ETag: etag } }, 304: notModified },
  problems: ['asset_not_found', 'database_unavailable'],
  handle:
    ({ assets }: ReadDeps) =>
    async (req, res) => {
      sendTagged(res, representAsset(await findOr404(res, req.params['id'], assets.find)));
    },
});

export const getImageAsset: Operation<ReadDeps> = {
  ...getAsset,
  path: '/assets/image/{id}',
  id: 'getImageAsset',
  description: 'The same as `GET /assets/{id}`.',
};

export const getAssetDetails = defineOperation({
  ...common,
  path: '/assets/{id}/details',
  id: 'getAssetDetails',
  summary: 'Read everything about an asset',
  headers: conditionalHeaders,
  replies: {
    200: {
      description: 'Attempt, times, image, steps, findings, webhook deliveries and workflow.',
      schema: assetDetails,
      headers: { ETag: etag },
    },
    304: notModified,
  },
  problems: ['asset_not_found', 'database_unavailable'],
  handle:
    ({ assets }: ReadDeps) =>
    async (req, res) => {
      sendTagged(res, representDetails(await findOr404(res, req.params['id'], assets.findDetails)));
    },
});

export const listAttempts = defineOperation({
  ...common,
  path: '/assets/{id}/attempts',
  id: 'listAttempts',
  summary: 'List the attempts of an asset, newest first',
  description: 'The first is the current attempt. `Link` leads to the next page.',
  query: attemptsQuery,
  replies: {
    200: {
      description: 'Attempts, each with its verdict.',
      schema: z.array(assetAttempt),
      headers: { Link: link.optional() },
    },
  },
  problems: ['asset_not_found', 'invalid_request', 'database_unavailable'],
  handle:
    ({ assets }: ReadDeps) =>
    async (req, res, { query }) => {
      const { limit, cursor: before } = query();
      const { id } = await findOr404(res, req.params['id'], assets.find);
      const attempts = await assets.listAttempts(tenantOf(res), id, { limit, before });
      const items = attempts.map((attempt) => ({ id: String(attempt.attempt), attempt }));
      sendPage(res, items, { limit, represent: ({ attempt }) => representAttempt(attempt) });
    },
});

export const getAssetLive = defineOperation({
  ...common,
  path: '/assets/{id}/live',
  id: 'getAssetLive',
  summary: 'Ask the running workflow about its steps',
  replies: {
    200: {
      description: "The steps from the running workflow. If it can't answer, from the database.",
      schema: assetLive,
    },
  },
  problems: ['asset_not_found', 'database_unavailable'],
  handle:
    ({ assets, executions }: ReadDeps & { readonly executions: Executions }) =>
    async (req, res) => {
      const asset = await findOr404(res, req.params['id'], assets.findDetails);
      const live = isTerminal(asset.state) ? null : await executions.queryStatus(asset.id, asset.heldBy);
      res.json(representLive(asset, live));
    },
});
