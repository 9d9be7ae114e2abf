import { assetWorkflowId } from '../../../workflows/contract.ts';
import type { ReportedFinding } from '../../domain/findings.ts';
import type { AssetDetails, AssetSummary, Attempt, ListedAsset } from '../../domain/ports/assets.ts';
import type { LiveStatus } from '../../domain/ports/executions.ts';
import { describeHttpUrl } from '../../domain/http/http-url.ts';
import type { Answer } from '../http/answer.ts';
import type {
  asset,
  assetAttempt,
  assetDetails,
  assetLive,
  assetOnPage,
  finding,
  listedAsset,
} from './answers.ts';

/** `GET /assets/<id>`: `errors` only if there are any. */
export function representAsset({ id, state, errors }: AssetSummary): Answer<typeof asset> {
  return errors === null ? { id, state } : { id, state, errors };
}

/** `GET /assets/`: `errors` always. */
export function representListed({ id, state, errors }: AssetSummary): Answer<typeof listedAsset> {
  return { id, state, errors };
}

/** A page of `GET /assets/?…`. */
export function representOnPage({ labels, ...asset }: ListedAsset): Answer<typeof assetOnPage> {
  return Object.keys(labels).length === 0 ? asset : { ...asset, labels };
}

/** `GET /assets/<id>/details`. It shows only scheme and host of a webhook URL, because the rest may be a secret. */
export function representDetails(asset: AssetDetails): Answer<typeof assetDetails> {
  const { image } = asset;
  return {
    id: asset.id,
    state: asset.state,
    errors: asset.errors,
    attempt: asset.attempt,
    createdAt: asset.createdAt,
    startedAt: asset.startedAt,
    finishedAt: asset.finishedAt,
    externalId: asset.externalId,
    labels: asset.labels,
    asset: asset.asset,
    image,
    steps: asset.steps,
    scores: asset.scores,
    findings: asset.findings.map(representFinding),
    policy: asset.policy,
    deliveries: asset.deliveries.map(({ url, ...delivery }) => ({
      ...delivery,
      url: describeHttpUrl(url),
    })),
    workflowId: asset.heldBy ?? assetWorkflowId(asset.id),
    runId: asset.runId,
  };
}

/** `GET /assets/<id>/attempts` */
export function representAttempt({ findings, ...attempt }: Attempt): Answer<typeof assetAttempt> {
  return { ...attempt, findings: findings.map(representFinding) };
}

/** The members always have this order. A finding that was read from a row has another. */
export function representFinding({
  code,
  step,
  key,
  severity = 'error',
  message,
  measured,
}: ReportedFinding): Answer<typeof finding> {
  return { code, step, key, severity, message, measured };
}

/** `GET /assets/<id>/live`. If the workflow can't answer, the row does. */
export function representLive(asset: AssetDetails, live: LiveStatus | null): Answer<typeof assetLive> {
  if (live !== null) return { ...live, source: 'workflow' };
  const { id, state, attempt, steps } = asset;
  return { id, state, attempt, steps, source: 'database' };
}
