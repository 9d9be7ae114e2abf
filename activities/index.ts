import { createCheckAssetReachable } from './check-asset-reachable.ts';
import { checkDimensions } from './check-dimensions.ts';
import { createCheckIsImage } from './check-is-image.ts';
import { checkIsJpeg } from './check-is-jpeg.ts';
import { createCheckWebhookUrls } from './check-webhook-urls.ts';
import type { ActivityDeps } from './deps.ts';
import { createWrap } from './failure.ts';
import { createJudgeImage } from './judge-image.ts';
import { createOwnership } from './ownership.ts';
import { createReconcileAssets } from './reconcile-assets.ts';
import { createRemoveExpired } from './remove-expired.ts';
import { createSendWebhook } from './send-webhook.ts';
import { createSlots } from './slots.ts';
import { timed } from './step.ts';

export type { ActivityDeps } from './deps.ts';

/** All activities, named as the contract and the Web UI name them. */
export function createActivities(deps: ActivityDeps) {
  const wrap = createWrap(deps.onError);
  const inSlot = createSlots();
  const { claimAsset, recordSteps, finishAsset } = createOwnership(deps);
  const { tryWebhookOnce, sendWebhook } = createSendWebhook(deps);
  return {
    checkWebhookUrls: wrap(timed(createCheckWebhookUrls(deps))),
    checkAssetReachable: wrap(inSlot(timed(createCheckAssetReachable(deps)))),
    checkIsImage: wrap(inSlot(timed(createCheckIsImage(deps)))),
    checkIsJpeg: wrap(timed(checkIsJpeg)),
    checkDimensions: wrap(timed(checkDimensions)),
    judgeImage: wrap(inSlot(createJudgeImage(deps))),
    claimAsset: wrap(claimAsset),
    recordSteps: wrap(recordSteps),
    finishAsset: wrap(finishAsset),
    tryWebhookOnce: wrap(tryWebhookOnce),
    sendWebhook: wrap(sendWebhook),
    reconcileAssets: wrap(createReconcileAssets(deps)),
    removeExpired: wrap(createRemoveExpired(deps)),
  };
}

export type Activities = ReturnType<typeof createActivities>;
