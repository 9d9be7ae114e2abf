import { type RequestHandler, type Response, Router } from 'express';
import { validate as isUuid } from 'uuid';
import { isTerminal } from '../../domain/asset.ts';
import { AppError, type ErrorCode, type FieldFault } from '../../domain/errors.ts';
import type { PolicyStore } from '../../domain/ports/policies.ts';
import type { AssetDetails, AssetStore, Submission } from '../../domain/ports/assets.ts';
import type { Executions } from '../../domain/ports/executions.ts';
import { hasScope, requireScope, tenantOf } from '../http/auth.ts';
import type { Answer } from '../http/answer.ts';
import type { cancelRequested, queuedAsset } from './answers.ts';
import { jsonBody } from '../http/json-body.ts';
import { streamJsonArray } from '../http/json-stream.ts';
import { representAsset, representDetails, representListed, representLive } from './represent.ts';
import { route } from '../http/routes.ts';
import { sendPage } from '../http/pages.ts';
import { idempotencyKey, readPreferences } from '../http/preferences.ts';
import type { Preflight } from './preflight.ts';
import { createResolvePolicy } from '../policies/resolve-policy.ts';
import { sendTagged } from '../http/tagged.ts';
import { parseCancelRequest, parseListQuery, parseRetryRequest, parseSubmission } from './requests.ts';

/** How often a client's wait looks at the row, in milliseconds. */
const FIRST_LOOK_MS = 30;
const LAST_LOOK_MS = 250;

const mayRead = requireScope('assets:read');
const mayWrite = requireScope('assets:write');

export interface AssetsDeps {
  readonly assets: AssetStore;
  readonly policies: PolicyStore;
  readonly executions: Executions;
  readonly preflight: Preflight;
  /** Why no new work is taken right now; null when it is. */
  readonly refusal: () => ErrorCode | null;
  /** A process that is to stop keeps nobody waiting. */
  readonly isDraining: () => boolean;
}

export function createAssetsRouter({
  assets,
  policies,
  executions,
  preflight,
  refusal,
  isDraining,
}: AssetsDeps): Router {
  const router = Router();
  const resolvePolicy = createResolvePolicy(policies);

  async function findOr404<Found>(
    idText: unknown,
    res: Response,
    find: (tenant: string, id: string) => Promise<Found | null>,
  ): Promise<Found> {
    const isId = typeof idText === 'string' && isUuid(idText);
    const found = isId ? await find(tenantOf(res), idText.toLowerCase()) : null;
    if (found === null) throw new AppError('asset_not_found');
    return found;
  }

  const refuseWork: RequestHandler = (_req, _res, next) => {
    const code = refusal();
    if (code !== null) throw new AppError(code);
    next();
  };

  function policyFault({ code, message }: AppError): FieldFault {
    return { pointer: '/policy', code, detail: message };
  }

  function refusalOf(faults: readonly FieldFault[]): AppError {
    const detail = faults.map((fault) => `${fault.pointer}: ${fault.detail}`).join('; ');
    return new AppError('invalid_request', { detail, faults });
  }

  /** What was accepted once stays accepted: its key gets the first answer again, whatever has become of the file since. */
  async function refuseFaults(tenant: string, submission: Submission, key: string | null): Promise<void> {
    const faults = await preflight(submission);
    if (
      faults.length === 0 ||
      (key !== null && (await assets.findAccepted(tenant, submission, key)) !== null)
    )
      return;
    throw refusalOf(faults);
  }

  /** Null if the verdict did not come in time, or nobody waits for it any more. */
  async function waitForVerdict(id: string, waitS: number, res: Response): Promise<AssetDetails | null> {
    const deadline = performance.now() + waitS * 1_000;
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_LOOK_MS)) {
      const asset = await assets.find(tenantOf(res), id);
      if (asset !== null && isTerminal(asset.state)) return assets.findDetails(tenantOf(res), id);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || res.closed || isDraining()) return null;
      await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, leftMs)));
    }
  }

  route(router, '/assets', {
    get: [
      mayRead,
      async (req, res) => {
        const query = parseListQuery(req.query);
        if (query === null) return streamJsonArray(res, assets.list(tenantOf(res)), representListed);
        const { cursor: before, ...rest } = query;
        const items = await assets.page(tenantOf(res), { ...rest, before });
        return sendPage(res, items, { limit: query.limit, represent: representListed });
      },
    ],
  });

  route(router, '/assets/image', {
    post: [
      mayWrite,
      refuseWork,
      jsonBody(),
      async (req, res) => {
        const submission = parseSubmission(req.body);
        const key = idempotencyKey(req);
        const tenant = tenantOf(res);
        // The verdict is for who may read it: the wish of another key to wait for it is not followed.
        const { isStrict, waitS, applied } = readPreferences(req, { mayWait: hasScope(res, 'assets:read') });
        if (applied !== null) res.set('Preference-Applied', applied);
        const policy = await resolvePolicy(tenant, submission.policy);
        if (policy instanceof AppError)
          throw refusalOf([policyFault(policy), ...(isStrict ? await preflight(submission) : [])]);
        if (isStrict) await refuseFaults(tenant, submission, key);
        const id = await (key === null
          ? assets.accept(tenant, submission, policy)
          : assets.acceptOnce(tenant, submission, key, policy));
        if (id === null) throw new AppError('idempotency_key_reused');
        res.location(`/assets/${id}`);
        if (waitS !== null) {
          const details = await waitForVerdict(id, waitS, res);
          if (details !== null) return void res.json(representDetails(details));
        }
        res.status(202).json({ id, state: 'queued' } satisfies Answer<typeof queuedAsset>);
      },
    ],
  });

  for (const path of ['/assets/:id', '/assets/image/:id']) {
    route(router, path, {
      get: [
        mayRead,
        async (req, res) => {
          sendTagged(res, representAsset(await findOr404(req.params['id'], res, assets.find)));
        },
      ],
    });
  }

  route(router, '/assets/:id/details', {
    get: [
      mayRead,
      async (req, res) => {
        sendTagged(res, representDetails(await findOr404(req.params['id'], res, assets.findDetails)));
      },
    ],
  });

  route(router, '/assets/:id/live', {
    get: [
      mayRead,
      async (req, res) => {
        const asset = await findOr404(req.params['id'], res, assets.findDetails);
        const live = isTerminal(asset.state) ? null : await executions.queryStatus(asset.id);
        res.json(representLive(asset, live));
      },
    ],
  });

  route(router, '/assets/:id/cancel', {
    post: [
      mayWrite,
      jsonBody({ optional: true }),
      async (req, res) => {
        const reason = parseCancelRequest(req.body);
        const { id } = await findOr404(req.params['id'], res, assets.find);
        const outcome = await assets.requestCancel(tenantOf(res), id, reason);
        if (outcome === 'already_terminal') throw new AppError('asset_terminal');
        const { state } = await findOr404(id, res, assets.find);
        res
          .status(202)
          .location(`/assets/${id}`)
          .json({ id, state } satisfies Answer<typeof cancelRequested>);
      },
    ],
  });

  route(router, '/assets/:id/retry', {
    post: [
      mayWrite,
      refuseWork,
      jsonBody({ optional: true }),
      async (req, res) => {
        const reference = parseRetryRequest(req.body);
        const { id } = await findOr404(req.params['id'], res, assets.find);
        const tenant = tenantOf(res);
        const policy = reference === undefined ? undefined : await resolvePolicy(tenant, reference);
        if (policy instanceof AppError) throw refusalOf([policyFault(policy)]);
        if ((await assets.retry(tenant, id, policy)) === 'not_terminal')
          throw new AppError('asset_not_terminal');
        res
          .status(202)
          .location(`/assets/${id}`)
          .json({ id, state: 'queued' } satisfies Answer<typeof queuedAsset>);
      },
    ],
  });

  return router;
}
