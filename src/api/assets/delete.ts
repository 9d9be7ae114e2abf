import { AppError } from '../../domain/errors.ts';
import type { AssetStore } from '../../domain/ports/assets.ts';
import { defineOperation } from '../http/operation.ts';
import { findOr404 } from './find-asset.ts';

interface DeleteDeps {
  readonly assets: AssetStore;
}

export const deleteAsset = defineOperation({
  method: 'delete',
  path: '/assets/{id}',
  id: 'deleteAsset',
  tag: 'assets',
  scope: 'assets:write',
  summary: 'Delete a terminal asset',
  description:
    'Its deliveries and what was kept to find duplicates go with it. An event that was not delivered yet is never sent. The file ' +
    'stays. An `Idempotency-Key` that made the asset keeps its answer, so a repeat makes no other asset.',
  replies: { 204: { description: 'The asset is gone.' } },
  problems: ['asset_not_found', 'asset_not_terminal', 'database_unavailable', 'storage_full'],
  handle:
    ({ assets }: DeleteDeps) =>
    async (req, res) => {
      const outcome = await findOr404(res, req.params['id'], assets.delete);
      if (outcome === 'not_terminal') throw new AppError('asset_not_terminal');
      res.status(204).end();
    },
});
