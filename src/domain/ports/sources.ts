import type { Unreachable } from '../unreachable.ts';

/**
 * An asset that was opened once. Everything is read through this handle, never through the path again.
 *
 * Bytes are read before a decoder is taken for them (`src/image/decoder/pool.ts`). They may be read twice, because an
 * image whose decoder died at once is tried again. So `open` has to fetch remote bytes first. Then reads are quick, by
 * position and in any order, and a slow network blocks no decoder.
 */
export interface AssetFile {
  readonly bytes: number;
  /**
   * Reads `length` bytes from `position`, or fewer at the end of the file. The signal may end a read early, but callers
   * do not rely on that when storage hangs.
   * @throws {AppError} `storage_unavailable`
   */
  read(position: number, length: number, signal?: AbortSignal): Promise<Buffer>;
  /** May take as long as a read that hangs. */
  close(): Promise<void>;
}

/**
 * A source of assets. Both functions return the cause if the contract says "not reachable": missing, outside the roots,
 * a directory, FIFO or device, no permission, …
 * `tenant` takes turns with other tenants at storage that is slow.
 * @throws {AppError} `storage_unavailable` for trouble that is not the asset's fault (EIO, ESTALE, EMFILE, ETIMEDOUT).
 */
export interface AssetSource {
  /**
   * Checks that a file exists and is readable, without opening it. A validation
   * opens its file only once, to read all of it.
   */
  stat(path: string, tenant?: string): Promise<Pick<AssetFile, 'bytes'> | Unreachable>;
  /** Opens the file. The caller closes it. */
  open(path: string, tenant?: string): Promise<AssetFile | Unreachable>;
}
