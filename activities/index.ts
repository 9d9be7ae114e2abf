import { createCheckAssetReachable } from './check-asset-reachable.ts';
import { checkDimensions } from './check-dimensions.ts';
import { createCheckIsImage } from './check-is-image.ts';
import { checkIsJpeg } from './check-is-jpeg.ts';
import { createCheckWebhookUrls } from './check-webhook-urls.ts';
import type { ActivityDeps } from './deps.ts';
import { asActivity } from './failure.ts';
import { createOwnership } from './ownership.ts';
import { createReconcileAssets } from './reconcile-assets.ts';
import { createSendWebhook } from './send-webhook.ts';
import { asStep } from './step.ts';

export type { ActivityDeps } from './deps.ts';

/** All activities, named as the contract and the Web UI name them. */
export function createActivities(deps: ActivityDeps) {
  const { claimAsset, recordSteps, finishAsset } = createOwnership(deps);
  const { tryWebhookOnce, sendWebhook } = createSendWebhook(deps);
  return {
    checkWebhookUrls: asStep(createCheckWebhookUrls(deps)),
    checkAssetReachable: asStep(createCheckAssetReachable(deps)),
    checkIsImage: asStep(createCheckIsImage(deps)),
    checkIsJpeg: asStep(checkIsJpeg),
    checkDimensions: asStep(checkDimensions),
    claimAsset: asActivity(claimAsset),
    recordSteps: asActivity(recordSteps),
    finishAsset: asActivity(finishAsset),
    tryWebhookOnce: asActivity(tryWebhookOnce),
    sendWebhook: asActivity(sendWebhook),
    reconcileAssets: asActivity(createReconcileAssets(deps)),
  };
}

export type Activities = ReturnType<typeof createActivities>;
