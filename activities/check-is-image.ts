import { activityInfo, heartbeat } from '@temporalio/activity';
import type { AssetPath } from '../src/domain/asset.ts';
import type { AssetFile } from '../src/domain/ports.ts';
import { notReachable } from './check-asset-reachable.ts';
import type { ActivityDeps } from './deps.ts';
import type { StepResult } from './step.ts';

/** A third of the heartbeat timeout that the workflow gives this step. */
const HEARTBEAT_EVERY_MS = 3_000;

/** Opens the file once and learns everything from it: the steps after this one judge the facts, never the file. */
export function createCheckIsImage({ source, inspectImage }: Pick<ActivityDeps, 'source' | 'inspectImage'>) {
  return async ({ assetPath }: { assetPath: AssetPath }): Promise<StepResult> => {
    const beat = activityInfo().isLocal ? undefined : setInterval(heartbeat, HEARTBEAT_EVERY_MS);
    let file: AssetFile | null = null;
    try {
      file = await source.open(assetPath.path);
      // It was there a moment ago: moved or deleted in between.
      if (file === null) return notReachable;
      const facts = await inspectImage(file);
      if (facts === null) return { findings: [{ code: 'not_an_image', key: 'asset' }] };
      if (facts.integrity.state !== 'damaged') return { findings: [], facts };
      const { reason } = facts.integrity;
      return { findings: [{ code: 'image_unreadable', key: 'asset', measured: { reason } }], facts };
    } finally {
      clearInterval(beat);
      await file?.handle.close();
    }
  };
}
