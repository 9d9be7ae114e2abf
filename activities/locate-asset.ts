import { activityInfo } from '@temporalio/activity';
import type { AssetPath, AssetRef } from '../src/domain/sources/asset-path.ts';
import { AppError } from '../src/domain/errors.ts';
import type { ActivityDeps } from './deps.ts';

export type AssetPaths = Pick<ActivityDeps['validations'], 'readAssetPath'>;

interface Place {
  readonly assetPath: AssetPath;
  /** Fetched bytes are kept under this name. */
  readonly stagedAs: string;
}

/**
 * Reads the path of an asset that is no local file from its row. It may be a secret, so it never leaves the activity.
 * @throws {AppError} `asset_not_found`
 */
export async function locate(
  validations: AssetPaths,
  assetPath: AssetRef,
  assetId: string | undefined,
): Promise<Place> {
  // The id of the run that asks, because each attempt has runs of its own.
  const stagedAs = activityInfo().workflowExecution?.runId ?? '';
  if (assetPath.location === 'local') return { assetPath, stagedAs };
  const found = assetId === undefined ? null : await validations.readAssetPath(assetId);
  if (found === null) throw new AppError('asset_not_found');
  return { assetPath: found, stagedAs };
}
