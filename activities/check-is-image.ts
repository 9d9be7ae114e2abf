import { cancellationSignal } from '@temporalio/activity';
import { type AssetRef, fileNameOf } from '../src/domain/sources/asset-path.ts';
import { noteFileName } from '../src/domain/file-name.ts';
import type { InspectOptions, LostImage } from '../src/domain/ports/images.ts';
import type { AssetFile } from '../src/domain/ports/sources.ts';
import { notReachable } from './check-asset-reachable.ts';
import type { ActivityDeps } from './deps.ts';
import { beating } from './heartbeats.ts';
import { type AssetPaths, locate } from './locate-asset.ts';
import type { StepResult } from './step.ts';

export interface CheckIsImageInput extends Pick<InspectOptions, 'tenant' | 'measures'> {
  readonly assetPath: AssetRef;
  /** Given if the asset is no local file. */
  readonly assetId?: string;
}

/**
 * Opens the file and reads all facts from it. This happens only once in a validation:
 * later steps judge the facts, never the file.
 */
export function createCheckIsImage({
  source,
  validations,
  inspectImage,
}: Pick<ActivityDeps, 'source' | 'inspectImage'> & { validations: AssetPaths }) {
  async function inspect(file: AssetFile, name: string, options: InspectOptions): Promise<StepResult> {
    try {
      const inspected = await inspectImage(file, { ...options, signal: cancellationSignal() });
      if (inspected === null) return { findings: [{ code: 'not_an_image', key: 'asset' }] };
      if ('lost' in inspected) return asFinding(inspected);
      const facts = noteFileName(inspected, name);
      if (facts.integrity.state !== 'damaged') return { findings: [], facts };
      const { reason } = facts.integrity;
      return { findings: [{ code: 'image_unreadable', key: 'asset', measured: { reason } }], facts };
    } finally {
      // `close` is not awaited, because it waits for a read that hangs. Nothing
      // was written, so nothing is lost if it fails.
      file.close().catch(() => undefined);
    }
  }

  return ({ assetPath, assetId, tenant, measures = [] }: CheckIsImageInput): Promise<StepResult> =>
    beating(async () => {
      const place = await locate(validations, assetPath, assetId);
      const call = { tenant: tenant ?? '', stagedAs: place.stagedAs, signal: cancellationSignal() };
      const file = await source.open(place.assetPath, call);
      // `checkAssetReachable` found the file, so it was moved or deleted in between.
      if ('unreachable' in file) return notReachable(file.unreachable);
      return inspect(file, fileNameOf(place.assetPath), { tenant, measures });
    });
}

/** Later steps judge the facts too, so that other faults are reported with this one. */
function asFinding({ lost: code, reason, facts }: LostImage): StepResult {
  return {
    findings: [{ code, key: 'asset', measured: { reason } }],
    ...(facts !== null && { facts }),
  };
}
