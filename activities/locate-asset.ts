import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { AssetPath, AssetRef } from '../src/domain/sources/asset-path.ts';
import { AppError } from '../src/domain/errors.ts';
import type { ValidationCall } from '../src/domain/ports/sources.ts';
import type { ActivityDeps } from './deps.ts';

export type AssetPaths = Pick<ActivityDeps['validations'], 'readAssetPath'>;

/** The part of an activity's input that says which asset it works on. */
export interface LocatedInput {
  readonly assetPath: AssetRef;
  /** Given if the asset is no local file. */
  readonly assetId?: string;
  /** Missing in runs of earlier code. */
  readonly tenant?: string | undefined;
}

interface Place {
  readonly assetPath: AssetPath;
  readonly call: ValidationCall;
}

/**
 * Reads the path of an asset that is no local file from its row. It may be a secret, so it never leaves the activity.
 * @throws {AppError} `asset_not_found`
 */
export async function locate(
  validations: AssetPaths,
  { assetPath, assetId, tenant = '' }: LocatedInput,
): Promise<Place> {
  // The id of the run that asks, because each attempt has runs of its own.
  const stagedAs = activityInfo().workflowExecution?.runId ?? '';
  const call = { tenant, stagedAs, signal: cancellationSignal() };
  if (assetPath.location === 'local') return { assetPath, call };
  const found = assetId === undefined ? null : await validations.readAssetPath(assetId);
  if (found === null) throw new AppError('asset_not_found');
  return { assetPath: found, call };
}
