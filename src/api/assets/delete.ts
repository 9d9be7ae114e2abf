import { AppError } from '../../domain/errors.ts';
import type { AssetStore } from '../../domain/ports/assets.ts';
import { tenantOf } from '../http/auth.ts';
import { defineOperation } from '../http/operation.ts';
import type { UploadStore } from '../../domain/ports/uploads.ts';
import { findOr404 } from '../http/find-or-404.ts';
import { removeQuietly } from './accept-received.ts';

interface DeleteDeps {
  readonly assets: AssetStore;
  readonly uploads: UploadStore;
}

export const deleteAsset = defineOperation({
  method: 'delete',
  path: '/assets/{id}',
  id: 'deleteAsset',
  tag: 'assets',
  scope: 'assets:write',
  summary: 'Delete a terminal asset',
  description:
    'Its deliveries and what was kept to find duplicates go with it. An event that was not delivered yet is never sent. ' +
    'Uploaded bytes go with the last asset that was submitted by them. Any other file stays. An `Idempotency-Key` that made the asset keeps its answer, so a repeat makes no other asset.',
  replies: { 204: { description: 'The asset is gone.' } },
  problems: ['asset_not_found', 'asset_not_terminal', 'database_unavailable', 'storage_full'],
  handle:
    ({ assets, uploads }: DeleteDeps) =>
    async (req, res) => {
      const outcome = await findOr404(res, req.params['id'], assets.delete);
      if (outcome === 'not_terminal') throw new AppError('asset_not_terminal');
      if (outcome.uploadId !== null) await removeQuietly({ uploads }, tenantOf(res), outcome.uploadId);
      res.status(204).end();
    },
});
