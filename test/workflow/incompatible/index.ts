import { proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../../../activities/index.ts';
import type { ValidateAssetInput, ValidateAssetResult } from '../../../workflows/contract.ts';

/** What nobody may do to a workflow that is running somewhere: it looks at the image before it claims the asset. */
export async function validateAsset({ assetPath }: ValidateAssetInput): Promise<ValidateAssetResult> {
  const { checkIsImage } = proxyLocalActivities<Activities>({ startToCloseTimeout: '5 s' });
  await checkIsImage({ assetPath });
  return { outcome: 'superseded' };
}
