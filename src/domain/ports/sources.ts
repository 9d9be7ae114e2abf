import type { AssetPath } from '../sources/asset-path.ts';
import type { Unreachable } from '../sources/unreachable.ts';

/**
 * An asset that was opened once. Everything is read through this handle, never through the path again.
 *
 * Bytes are read before a decoder is taken for them (`src/image/decoder/pool.ts`). They may be read twice, because an
 * image whose decoder died at once is tried again. So remote bytes are fetched before. Then reads are quick, by position and in
 * any order, and a slow network blocks no decoder.
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

/** The request for an asset. Its tenant takes turns with others at slow storage, and reaches only its own files. */
export interface SourceCall {
  readonly tenant: string;
  readonly signal?: AbortSignal;
}

/** `stagedAs` names the attempt of an asset. Remote bytes are kept under this name from `fetch` to `open`. */
export interface ValidationCall extends SourceCall {
  readonly stagedAs: string;
}

/** What is known of a file or an object. `bytes` is null if its server does not tell. */
export interface Found {
  readonly bytes: number | null;
}

/**
 * The sources of assets. Each function returns the cause if the contract says "not reachable": missing, outside the roots,
 * a directory, forbidden, …
 * @throws {AppError} `storage_unavailable` for trouble that is not the asset's fault (EIO, 503, time-out, …).
 */
export interface AssetSource {
  /** Asks whether the asset is there, without reading it. */
  stat(assetPath: AssetPath, call: SourceCall): Promise<Found | Unreachable>;
  /** Makes sure that `open` will be quick: fetches a remote object, and only looks at a local file. */
  fetch(assetPath: AssetPath, call: ValidationCall): Promise<Found | Unreachable>;
  /** Opens the asset. The caller closes it. Fetched bytes are gone from the disk then, and are fetched again if need be. */
  open(assetPath: AssetPath, call: ValidationCall): Promise<AssetFile | Unreachable>;
  /** Deletes what `fetch` has kept under this name. */
  release(stagedAs: string): Promise<void>;
}
