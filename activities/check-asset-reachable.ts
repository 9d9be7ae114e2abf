import type { AssetPath } from '../src/domain/asset.ts';
import type { ActivityDeps } from './deps.ts';
import { passed, type StepResult } from './step.ts';

/** The finding's key is `onStart`, because clients expect it there. */
export const notReachable: StepResult = { findings: [{ code: 'asset_not_reachable', key: 'onStart' }] };

/** Passes when the path is a readable regular file inside the asset roots. */
export function createCheckAssetReachable({ source }: Pick<ActivityDeps, 'source'>) {
  return async ({ assetPath }: { assetPath: AssetPath }): Promise<StepResult> => {
    return (await source.stat(assetPath.path)) === null ? notReachable : passed;
  };
}
