import type { UnreachableCause } from '../src/domain/sources/unreachable.ts';
import type { ActivityDeps } from './deps.ts';
import { beating } from './heartbeats.ts';
import { type AssetPaths, locate, type LocatedInput } from './locate-asset.ts';
import { passed, type StepResult } from './step.ts';

/** The finding's key is `onStart`, because clients expect it there. */
export function notReachable(cause: UnreachableCause): StepResult {
  return { findings: [{ code: 'asset_not_reachable', key: 'onStart', measured: { cause } }] };
}

/** Passes when the path is a readable regular file inside the asset roots, or an object whose bytes could be fetched. */
export function createCheckAssetReachable({
  source,
  validations,
}: Pick<ActivityDeps, 'source'> & { validations: AssetPaths }) {
  return (input: LocatedInput): Promise<StepResult> =>
    beating(async () => {
      const { assetPath, call } = await locate(validations, input);
      const found = await source.fetch(assetPath, call);
      return 'unreachable' in found ? notReachable(found.unreachable) : passed;
    });
}
