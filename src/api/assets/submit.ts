import type { Request } from 'express';
import { z } from 'zod';
import type { Submission } from '../../domain/ports/assets.ts';
import type { Answer } from '../http/answer.ts';
import { hasScope, tenantOf } from '../http/auth.ts';
import { isOfType } from '../http/file-body.ts';
import { defineOperation } from '../http/operation.ts';
import { parse } from '../http/parse.ts';
import { idempotencyKey, readPreferences } from '../http/preferences.ts';
import { location, preferenceApplied, submissionHeaders } from '../openapi/headers.ts';
import { SUBMISSION_CALLBACKS } from '../webhooks/events.ts';
import { type AcceptDeps, acceptSubmission } from './accept.ts';
import { acceptForm } from './accept-form.ts';
import { acceptImage } from './accept-image.ts';
import type { UploadDeps, UploadRequest } from './accept-received.ts';
import type { RetryDeps } from './act.ts';
import { assetDetails, queuedAsset } from './answers.ts';
import { refuseWork } from './refuse-work.ts';
import { representDetails } from './represent.ts';
import { fileSubmission, imageQuery, submission } from './requests.ts';
import { type WaitDeps, waitForVerdict } from './wait-for-verdict.ts';

export interface SubmitDeps extends UploadDeps, RetryDeps, WaitDeps {}

const rocket = { assetPath: { location: 'local', path: './assets/rocket.jpg' } };
const echo = 'http://127.0.0.1:8000/echo/post';

const file = z.string().meta({ format: 'binary', description: 'The file, as it is.' });

const FORM = 'multipart/form-data';

/** Bodies that bring the image itself. */
const FILES = {
  [FORM]: { schema: z.strictObject({ file, submission: fileSubmission.optional() }) },
  'image/*': { schema: file },
  'application/octet-stream': { schema: file },
};

export const submitAsset = defineOperation({
  method: 'post',
  path: '/assets/image',
  id: 'submitAsset',
  tag: 'assets',
  summary: 'Submit an asset',
  description:
    'The answer is sent after the asset is committed. A bad image, an unreachable path or an unusable webhook URL is accepted ' +
    'here. The pipeline then fails the asset and reports why.',
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
  query: imageQuery,
  files: FILES,
  replies: {
    200: {
      description: 'The verdict came in time (`Prefer: wait`).',
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
        'listAttempts',
        'cancelAsset',
        'retryAsset',
        'deleteAsset',
      ],
    },
  },
  problems: [
    'invalid_request',
    'malformed_upload',
    'upload_too_large',
    'idempotency_key_reused',
    'database_unavailable',
    'backlog_full',
    'storage_unavailable',
    'storage_full',
    'uploads_full',
  ],
  callbacks: SUBMISSION_CALLBACKS,
  before: refuseWork,
  handle:
    (deps: SubmitDeps) =>
    async (req, res, { body, query }) => {
      const key = idempotencyKey(req);
      const tenant = tenantOf(res);
      // Only keys that may read the verdict get it. The `wait` of another key is ignored.
      const { isStrict, waitS, applied } = readPreferences(req, { mayWait: hasScope(res, 'assets:read') });
      if (applied !== null) res.set('Preference-Applied', applied);
      const request = { req, res, tenant, key, isStrict };
      const type = req.headers['content-type'];
      let accepted: Promise<{ readonly id: string }>;
      if (isOfType(type, [FORM])) {
        refuseQuery(req);
        accepted = acceptForm(deps, request);
      } else if (isOfType(type, Object.keys(FILES))) {
        accepted = acceptImage(deps, query(), request);
      } else {
        refuseQuery(req);
        accepted = acceptJson(deps, body() as Submission, request);
      }
      const { id } = await accepted;
      res.location(`/assets/${id}`);
      if (waitS !== null) {
        const details = await waitForVerdict(deps, res, { id, waitS });
        if (details !== null) return void res.json(representDetails(details));
      }
      res.status(202).json({ id, state: 'queued' } satisfies Answer<typeof queuedAsset>);
    },
});

/** The query belongs to an image that is the body itself. @throws {AppError} `invalid_request` */
function refuseQuery(req: Request): void {
  parse(z.strictObject({}), req.query);
}

/** A member of the submission that is undefined counts as missing. */
function acceptJson(deps: AcceptDeps, submission: Submission, { tenant, key, isStrict }: UploadRequest) {
  const repeatable = key === null ? null : { key, request: submission };
  return acceptSubmission(deps, { tenant, submission, repeatable, isStrict });
}
