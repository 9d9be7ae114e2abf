/**
 * An asset that was opened once: all that is learnt of it is read through this, never through its path again.
 *
 * Bytes are read before a decoder is taken for them (`src/image/decoder/pool.ts`), and may be read twice, because an image whose decoder
 * died at once is tried again. So whatever has to be fetched first is staged when a file is opened: reads are then quick, by
 * position, in any order, and a slow network holds no decoder.
 */
export interface AssetFile {
  readonly bytes: number;
  /**
   * `length` bytes from `position`; fewer only where the file ends. The signal may end it early: those who wait for storage
   * that hangs don't rely on that.
   * @throws {AppError} `storage_unavailable`
   */
  read(position: number, length: number, signal?: AbortSignal): Promise<Buffer>;
  /** May take as long as a read that hangs. */
  close(): Promise<void>;
}

/**
 * Where assets come from. Both give null where the contract says "not reachable": missing, outside of the roots, a directory,
 * FIFO or device, no permission, …
 * @throws {AppError} `storage_unavailable` for trouble that is not the asset's (EIO, ESTALE, EMFILE, ETIMEDOUT).
 */
export interface AssetSource {
  /** Looks whether a file is there and readable. It opens nothing: a validation opens its file once, to learn all of it. */
  stat(path: string): Promise<Pick<AssetFile, 'bytes'> | null>;
  /** The caller closes it. */
  open(path: string): Promise<AssetFile | null>;
}
