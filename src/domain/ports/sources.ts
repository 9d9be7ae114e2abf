import type { FileHandle } from 'node:fs/promises';

/** An asset opened once: everything that is learnt of it comes from this handle, never from the path again. */
export interface AssetFile {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/** Where assets come from. */
export interface AssetSource {
  /**
   * Opens a readable regular file; null where the contract says "not reachable" (missing, outside the roots, a
   * directory, FIFO or device, no permission, …). The caller closes `handle`.
   * @throws {AppError} `storage_unavailable` for trouble that is not the asset's (EIO, ESTALE, EMFILE, ETIMEDOUT).
   */
  open(path: string): Promise<AssetFile | null>;
}
