import { cancellationSignal } from '@temporalio/activity';
import type { AssetRef } from '../src/domain/sources/asset-path.ts';
import type { UnreachableCause } from '../src/domain/sources/unreachable.ts';
import type { ActivityDeps } from './deps.ts';
import { beating } from './heartbeats.ts';
import { type AssetPaths, locate } from './locate-asset.ts';
import { passed, type StepResult } from './step.ts';

/** The finding's key is `onStart`, because clients expect it there. */
export function notReachable(cause: UnreachableCause): StepResult {
  return { findings: [{ code: 'asset_not_reachable', key: 'onStart', measured: { cause } }] };
}

interface CheckAssetReachableInput {
  readonly assetPath: AssetRef;
  /** Missing in runs of earlier code. */
  readonly tenant?: string;
  /** Given if the asset is no local file. */
  readonly assetId?: string;
}

/** Passes when the path is a readable regular file inside the asset roots, or an object whose bytes could be fetched. */
export function createCheckAssetReachable({
  source,
  validations,
}: Pick<ActivityDeps, 'source'> & { validations: AssetPaths }) {
  return ({ assetPath, tenant = '', assetId }: CheckAssetReachableInput): Promise<StepResult> =>
    beating(async () => {
      const place = await locate(validations, assetPath, assetId);
      const call = { tenant, stagedAs: place.stagedAs, signal: cancellationSignal() };
      const found = await source.fetch(place.assetPath, call);
      return 'unreachable' in found ? notReachable(found.unreachable) : passed;
    });
}
