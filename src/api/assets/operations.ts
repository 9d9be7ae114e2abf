import { z } from 'zod';
import { asset, assetDetails, assetLive, cancelRequested, listedAsset, queuedAsset } from './answers.ts';
import { cancelRequest, listQuery, retryRequest, submission } from './requests.ts';
import { SUBMISSION_CALLBACKS } from '../webhooks/events.ts';
import {
  conditionalHeaders,
  etag,
  link,
  location,
  preferenceApplied,
  submissionHeaders,
} from '../openapi/headers.ts';
import type { Operation } from '../openapi/paths.ts';

const tag = 'assets';
const rocket = { assetPath: { location: 'local', path: './assets/rocket.jpg' } };
const echo = 'http://127.0.0.1:8000/echo/post';

const notModified = { description: 'What is known of it still holds.', headers: { ETag: etag } };

const getAsset = {
  method: 'get',
  tag,
  scope: 'assets:read',
  headers: conditionalHeaders,
  replies: { 200: { description: 'The asset.', schema: asset, headers: { ETag: etag } }, 304: notModified },
  problems: ['asset_not_found', 'database_unavailable'],
} as const;

export const ASSET_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/assets/image',
    id: 'submitAsset',
    tag,
    summary: 'Submit an asset',
    description:
      'The answer is sent once the asset is committed. An unusable webhook URL, an unreachable path or a bad image is no ' +
      'error here: the asset fails, with its reasons.',
    scope: 'assets:write',
    headers: submissionHeaders,
    body: {
      schema: submission,
      examples: {
        passes: rocket,
        fails: { assetPath: { location: 'local', path: './assets/retina.jpg' } },
        underPolicy: { ...rocket, policy: 'default@1' },
        withWebhooks: { ...rocket, notifications: { onStart: echo, onSuccess: echo, onFailure: echo } },
      },
    },
    replies: {
      200: {
        description: 'The verdict came within the time of `Prefer: wait`.',
        schema: assetDetails,
        headers: { Location: location, 'Preference-Applied': preferenceApplied },
      },
      202: {
        description: 'Accepted.',
        schema: queuedAsset,
        headers: { Location: location, 'Preference-Applied': preferenceApplied.optional() },
        leadsTo: [
          'getAsset',
          'getImageAsset',
          'getAssetDetails',
          'getAssetLive',
          'cancelAsset',
          'retryAsset',
        ],
      },
    },
    problems: [
      'invalid_request',
      'idempotency_key_reused',
      'database_unavailable',
      'backlog_full',
      'storage_unavailable',
      'storage_full',
    ],
    callbacks: SUBMISSION_CALLBACKS,
  },
  {
    method: 'get',
    path: '/assets',
    id: 'listAssets',
    tag,
    summary: 'List assets, newest first',
    description:
      'Without any of the parameters the whole list, streamed; with one of them a page, whose `Link` leads to the next.',
    scope: 'assets:read',
    query: listQuery,
    replies: {
      200: {
        description: 'The list, or a page of it.',
        schema: z.array(listedAsset),
        headers: { Link: link.optional() },
      },
    },
    problems: ['invalid_request', 'database_unavailable'],
  },
  { ...getAsset, path: '/assets/{id}', id: 'getAsset', summary: 'Read an asset' },
  {
    ...getAsset,
    path: '/assets/image/{id}',
    id: 'getImageAsset',
    summary: 'Read an asset',
    description: 'The same as `GET /assets/{id}`.',
  },
  {
    method: 'get',
    path: '/assets/{id}/details',
    id: 'getAssetDetails',
    tag,
    summary: 'Read everything about an asset',
    scope: 'assets:read',
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
  },
  {
    method: 'get',
    path: '/assets/{id}/live',
    id: 'getAssetLive',
    tag,
    summary: 'Ask the running workflow for its steps',
    scope: 'assets:read',
    replies: {
      200: { description: "The workflow's answer, or the row's where it has none.", schema: assetLive },
    },
    problems: ['asset_not_found', 'database_unavailable'],
  },
  {
    method: 'post',
    path: '/assets/{id}/cancel',
    id: 'cancelAsset',
    tag,
    summary: 'Request that a validation be canceled',
    description: 'A request: the first terminal write stands, so `complete` or `failed` may still follow.',
    scope: 'assets:write',
    body: { schema: cancelRequest, optional: true, examples: { reason: { reason: 'wrong batch' } } },
    replies: {
      202: {
        description: 'The request is committed.',
        schema: cancelRequested,
        headers: { Location: location },
      },
    },
    problems: [
      'invalid_request',
      'asset_not_found',
      'asset_terminal',
      'database_unavailable',
      'storage_full',
    ],
  },
  {
    method: 'post',
    path: '/assets/{id}/retry',
    id: 'retryAsset',
    tag,
    summary: 'Validate a terminal asset again',
    description: 'Under the same version of its policy, or under another.',
    scope: 'assets:write',
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
  },
];
