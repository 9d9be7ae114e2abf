import type { AssetFile } from '../domain/ports/sources.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';

/**
 * Files of this machine. Both functions return the cause if the contract says "not reachable": missing, outside the roots,
 * a directory, FIFO or device, no permission, …
 * @throws {AppError} `storage_unavailable` for trouble that is not the asset's fault (EIO, ESTALE, EMFILE, ETIMEDOUT).
 */
export interface FileSource {
  /** Checks that a file exists and is readable, without opening it. */
  stat(path: string, tenant?: string): Promise<Pick<AssetFile, 'bytes'> | Unreachable>;
  /** Opens the file. The caller closes it. */
  open(path: string, tenant?: string): Promise<AssetFile | Unreachable>;
}
