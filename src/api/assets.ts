import { type RequestHandler, type Response, Router } from 'express';
import { validate as isUuid } from 'uuid';
import { isTerminal } from '../domain/asset.ts';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import type { AssetDetails, AssetStore, Executions, Submission } from '../domain/ports.ts';
import { jsonBody } from './json-body.ts';
import { streamJsonArray } from './json-stream.ts';
import { representAsset, representDetails, representLive } from './represent.ts';
import { route } from './routes.ts';
import { sendPage } from './pages.ts';
import { idempotencyKey, readPreferences } from './preferences.ts';
import type { Preflight } from './preflight.ts';
import { sendTagged } from './tagged.ts';
import { parseCancelRequest, parseListQuery, parseSubmission } from './submission.ts';

/** How often a client's wait looks at the row, in milliseconds. */
const FIRST_LOOK_MS = 30;
const LAST_LOOK_MS = 250;

export interface AssetsDeps {
  readonly assets: AssetStore;
  readonly executions: Executions;
  readonly preflight: Preflight;
  /** Why no new work is taken right now; null when it is. */
  readonly refusal: () => ErrorCode | null;
  /** A process that is to stop keeps nobody waiting. */
  readonly isDraining: () => boolean;
}

export function createAssetsRouter({
  assets,
  executions,
  preflight,
  refusal,
  isDraining,
}: AssetsDeps): Router {
  const router = Router();

  async function findOr404<Found>(
    idText: unknown,
    find: (id: string) => Promise<Found | null>,
  ): Promise<Found> {
    const found = typeof idText === 'string' && isUuid(idText) ? await find(idText.toLowerCase()) : null;
    if (found === null) throw new AppError('asset_not_found');
    return found;
  }

  const refuseWork: RequestHandler = (_req, _res, next) => {
    const code = refusal();
    if (code !== null) throw new AppError(code);
    next();
  };

  /** What was accepted once stays accepted: its key gets the first answer again, whatever has become of the file since. */
  async function refuseFaults(submission: Submission, key: string | null): Promise<void> {
    const faults = await preflight(submission);
    if (faults.length === 0 || (key !== null && (await assets.findAccepted(submission, key)) !== null))
      return;
    const detail = faults.map((fault) => `${fault.pointer}: ${fault.detail}`).join('; ');
    throw new AppError('invalid_request', { detail, faults });
  }

  /** Null if the verdict did not come in time, or nobody waits for it any more. */
  async function waitForVerdict(id: string, waitS: number, res: Response): Promise<AssetDetails | null> {
    const deadline = performance.now() + waitS * 1_000;
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_LOOK_MS)) {
      const asset = await assets.find(id);
      if (asset !== null && isTerminal(asset.state)) return assets.findDetails(id);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || res.closed || isDraining()) return null;
      await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, leftMs)));
    }
  }

  route(router, '/assets', {
    get: [
      async (req, res) => {
        const query = parseListQuery(req.query);
        if (query === null) return streamJsonArray(res, assets.list());
        const { cursor: before, ...rest } = query;
        const items = await assets.page({ ...rest, before });
        return sendPage(res, items, { limit: query.limit, represent: (item) => item });
      },
    ],
  });

  route(router, '/assets/image', {
    post: [
      refuseWork,
      jsonBody(),
      async (req, res) => {
        const submission = parseSubmission(req.body);
        const key = idempotencyKey(req);
        const { isStrict, waitS, applied } = readPreferences(req);
        if (applied !== null) res.set('Preference-Applied', applied);
        if (isStrict) await refuseFaults(submission, key);
        const id = key === null ? await assets.accept(submission) : await assets.acceptOnce(submission, key);
        if (id === null) throw new AppError('idempotency_key_reused');
        res.location(`/assets/${id}`);
        if (waitS !== null) {
          const details = await waitForVerdict(id, waitS, res);
          if (details !== null) return void res.json(representDetails(details));
        }
        res.status(202).json({ id, state: 'queued' });
      },
    ],
  });

  for (const path of ['/assets/:id', '/assets/image/:id']) {
    route(router, path, {
      get: [
        async (req, res) => {
          sendTagged(res, representAsset(await findOr404(req.params['id'], (id) => assets.find(id))));
        },
      ],
    });
  }

  route(router, '/assets/:id/details', {
    get: [
      async (req, res) => {
        sendTagged(res, representDetails(await findOr404(req.params['id'], (id) => assets.findDetails(id))));
      },
    ],
  });

  route(router, '/assets/:id/live', {
    get: [
      async (req, res) => {
        const asset = await findOr404(req.params['id'], (id) => assets.findDetails(id));
        const live = isTerminal(asset.state) ? null : await executions.queryStatus(asset.id);
        res.json(representLive(asset, live));
      },
    ],
  });

  route(router, '/assets/:id/cancel', {
    post: [
      jsonBody({ optional: true }),
      async (req, res) => {
        const reason = parseCancelRequest(req.body);
        const { id } = await findOr404(req.params['id'], (assetId) => assets.find(assetId));
        const outcome = await assets.requestCancel(id, reason);
        if (outcome === 'already_terminal') throw new AppError('asset_terminal');
        const { state } = await findOr404(id, (assetId) => assets.find(assetId));
        res.status(202).location(`/assets/${id}`).json({ id, state });
      },
    ],
  });

  route(router, '/assets/:id/retry', {
    post: [
      refuseWork,
      jsonBody({ optional: true }),
      async (req, res) => {
        const { id } = await findOr404(req.params['id'], (assetId) => assets.find(assetId));
        if ((await assets.retry(id)) === 'not_terminal') throw new AppError('asset_not_terminal');
        res.status(202).location(`/assets/${id}`).json({ id, state: 'queued' });
      },
    ],
  });

  return router;
}
