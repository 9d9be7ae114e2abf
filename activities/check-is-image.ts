import { cancellationSignal } from '@temporalio/activity';
import { fileNameOf } from '../src/domain/sources/asset-path.ts';
import { noteFileName } from '../src/domain/file-name.ts';
import type { InspectOptions, LostImage } from '../src/domain/ports/images.ts';
import type { AssetFile } from '../src/domain/ports/sources.ts';
import { notReachable } from './check-asset-reachable.ts';
import type { ActivityDeps } from './deps.ts';
import { beating } from './heartbeats.ts';
import { type AssetPaths, locate, type LocatedInput } from './locate-asset.ts';
import type { StepResult } from './step.ts';

export interface CheckIsImageInput extends LocatedInput, Pick<InspectOptions, 'measures'> {}

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
      if ('noImage' in inspected)
        return { findings: [{ code: 'not_an_image', key: 'asset', measured: inspected.noImage }] };
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

  return (input: CheckIsImageInput): Promise<StepResult> =>
    beating(async () => {
      const { assetPath, call } = await locate(validations, input);
      const file = await source.open(assetPath, call);
      // `checkAssetReachable` found the file, so it was moved or deleted in between.
      if ('unreachable' in file) return notReachable(file.unreachable);
      const { tenant, measures = [] } = input;
      return inspect(file, fileNameOf(assetPath), { tenant, measures });
    });
}

/** Later steps judge the facts too, so that other faults are reported with this one. */
function asFinding({ lost: code, reason, facts }: LostImage): StepResult {
  return {
    findings: [{ code, key: 'asset', measured: { reason } }],
    ...(facts !== null && { facts }),
  };
}
