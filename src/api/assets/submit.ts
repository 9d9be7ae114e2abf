import { AppError } from '../../domain/errors.ts';
import type { Submission } from '../../domain/ports/assets.ts';
import type { Answer } from '../http/answer.ts';
import { hasScope, tenantOf } from '../http/auth.ts';
import { defineOperation } from '../http/operation.ts';
import { invalidRequest } from '../http/parse.ts';
import { idempotencyKey, readPreferences } from '../http/preferences.ts';
import { location, preferenceApplied, submissionHeaders } from '../openapi/headers.ts';
import { SUBMISSION_CALLBACKS } from '../webhooks/events.ts';
import type { RetryDeps } from './act.ts';
import { assetDetails, queuedAsset } from './answers.ts';
import type { Preflight } from './preflight.ts';
import { policyFault, refuseWork } from './refuse-work.ts';
import { representDetails } from './represent.ts';
import { submission } from './requests.ts';
import { type WaitDeps, waitForVerdict } from './wait-for-verdict.ts';

export interface SubmitDeps extends RetryDeps, WaitDeps {
  readonly preflight: Preflight;
}

const rocket = { assetPath: { location: 'local', path: './assets/rocket.jpg' } };
const echo = 'http://127.0.0.1:8000/echo/post';

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
    'idempotency_key_reused',
    'database_unavailable',
    'backlog_full',
    'storage_unavailable',
    'storage_full',
  ],
  callbacks: SUBMISSION_CALLBACKS,
  before: refuseWork,
  handle:
    (deps: SubmitDeps) =>
    async (req, res, { body }) => {
      const { assets, preflight, resolvePolicy } = deps;
      // A member that is undefined counts as missing.
      const submission = body() as Submission;
      const key = idempotencyKey(req);
      const tenant = tenantOf(res);
      // Only keys that may read the verdict get it. The `wait` of another key is ignored.
      const { isStrict, waitS, applied } = readPreferences(req, { mayWait: hasScope(res, 'assets:read') });
      if (applied !== null) res.set('Preference-Applied', applied);
      const policy = await resolvePolicy(tenant, submission.policy);
      if (policy instanceof AppError)
        throw invalidRequest([policyFault(policy), ...(isStrict ? await preflight(tenant, submission) : [])]);
      if (isStrict) await refuseFaults(deps, tenant, submission, key);
      const id = await (key === null
        ? assets.accept(tenant, submission, policy)
        : assets.acceptOnce(tenant, submission, key, policy));
      if (id === null) throw new AppError('idempotency_key_reused');
      res.location(`/assets/${id}`);
      if (waitS !== null) {
        const details = await waitForVerdict(deps, res, { id, waitS });
        if (details !== null) return void res.json(representDetails(details));
      }
      res.status(202).json({ id, state: 'queued' } satisfies Answer<typeof queuedAsset>);
    },
});

/**
 * Refuses a submission with faults, unless its idempotency key was accepted before. Such a submission gets the first answer
 * again, even if the file has changed since.
 * @throws {AppError} `invalid_request`, naming every fault that is known at once
 */
async function refuseFaults(
  { assets, preflight }: Pick<SubmitDeps, 'assets' | 'preflight'>,
  tenant: string,
  submission: Submission,
  key: string | null,
): Promise<void> {
  const faults = await preflight(tenant, submission);
  if (faults.length === 0) return;
  if (key !== null && (await assets.findAccepted(tenant, submission, key)) !== null) return;
  throw invalidRequest(faults);
}
