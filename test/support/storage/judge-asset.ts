import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { checkIsJpeg } from '../../../activities/check-is-jpeg.ts';
import { createCheckAssetReachable } from '../../../activities/check-asset-reachable.ts';
import { createCheckIsImage } from '../../../activities/check-is-image.ts';
import type { StepResult } from '../../../activities/step.ts';
import { AppError } from '../../../src/domain/errors.ts';
import type { AssetPath, AssetRef } from '../../../src/domain/sources/asset-path.ts';
import type { InspectImage } from '../../../src/domain/ports/images.ts';
import type { AssetSource } from '../../../src/domain/ports/sources.ts';
import { eventually } from '../eventually.ts';

/** The tenant whose assets are judged. */
export const TENANT = 'team-a';

/**
 * The findings on an asset by the steps of the default policy that read it, as `code` or `code: cause`. Trouble is tried again, as
 * Temporal does.
 */
export function createJudge(source: AssetSource, inspectImage: InspectImage) {
  return (assetPath: AssetPath): Promise<string[]> =>
    eventually(() => judge(assetPath).catch(orAgain), { what: 'a verdict' });

  async function judge(assetPath: AssetPath): Promise<string[]> {
    const validations = { readAssetPath: () => Promise.resolve(assetPath) };
    const environment = new MockActivityEnvironment();
    const ref: AssetRef = assetPath.location === 'local' ? assetPath : { location: assetPath.location };
    const input = { assetPath: ref, tenant: TENANT, assetId: 'an-asset' };
    const reached: StepResult = await environment.run(
      createCheckAssetReachable({ source, validations }),
      input,
    );
    if (reached.findings.length > 0) return reached.findings.map(wordOf);
    const inspected: StepResult = await environment.run(
      createCheckIsImage({ source, validations, inspectImage }),
      input,
    );
    const { findings, facts } = inspected;
    return [...findings, ...(facts === undefined ? [] : checkIsJpeg({ facts }).findings)].map(wordOf);
  }
}

function wordOf({ code, ...finding }: StepResult['findings'][number]): string {
  const { cause, reason, format } = ('measured' in finding ? finding.measured : {}) as Record<
    string,
    string | undefined
  >;
  const why = cause ?? reason ?? format;
  return why === undefined ? code : `${code}: ${why}`;
}

function orAgain(error: unknown): undefined {
  const isTrouble = error instanceof AppError ? error.retryable : error instanceof ApplicationFailure;
  if (!isTrouble) throw error;
}
