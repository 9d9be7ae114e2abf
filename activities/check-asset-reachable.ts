import type { AssetPath } from '../src/domain/asset.ts';
import type { UnreachableCause } from '../src/domain/unreachable.ts';
import type { ActivityDeps } from './deps.ts';
import { passed, type StepResult } from './step.ts';

/** The finding's key is `onStart`, because clients expect it there. */
export function notReachable(cause: UnreachableCause): StepResult {
  return { findings: [{ code: 'asset_not_reachable', key: 'onStart', measured: { cause } }] };
}

interface CheckAssetReachableInput {
  readonly assetPath: AssetPath;
  /** Missing in runs of earlier code. */
  readonly tenant?: string;
}

/** Passes when the path is a readable regular file inside the asset roots. */
export function createCheckAssetReachable({ source }: Pick<ActivityDeps, 'source'>) {
  return async ({ assetPath, tenant }: CheckAssetReachableInput): Promise<StepResult> => {
    const found = await source.stat(assetPath.path, tenant);
    return 'unreachable' in found ? notReachable(found.unreachable) : passed;
  };
}
