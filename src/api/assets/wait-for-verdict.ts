import type { Response } from 'express';
import { isTerminal } from '../../domain/asset.ts';
import type { AssetDetails, AssetStore } from '../../domain/ports/assets.ts';
import { tenantOf } from '../http/auth.ts';

/** The intervals at which a waiting request reads the row, in milliseconds: short at first, then longer. */
const FIRST_LOOK_MS = 30;
const LAST_LOOK_MS = 250;

export interface WaitDeps {
  readonly assets: AssetStore;
  /** True once the process stops. It keeps no client waiting then. */
  readonly isDraining: () => boolean;
}

/** Null if the verdict did not come in time, the asset was deleted, the client has left, or the process stops. */
export async function waitForVerdict(
  { assets, isDraining }: WaitDeps,
  res: Response,
  { id, waitS }: { id: string; waitS: number },
): Promise<AssetDetails | null> {
  const tenant = tenantOf(res);
  const deadline = performance.now() + waitS * 1_000;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_LOOK_MS)) {
    const asset = await assets.find(tenant, id);
    // Deleted: an Idempotency-Key may name an asset that is gone.
    if (asset === null) return null;
    if (isTerminal(asset.state)) return assets.findDetails(tenant, id);
    const leftMs = deadline - performance.now();
    if (leftMs <= 0 || res.closed || isDraining()) return null;
    await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, leftMs)));
  }
}
