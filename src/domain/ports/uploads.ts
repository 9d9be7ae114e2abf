import { AppError } from '../errors.ts';

/** Bytes that were uploaded whole. They are on the disk, and would survive a crash of the machine. */
export interface Uploaded {
  readonly uploadId: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** The bytes that tenants upload. Each tenant reaches its own only. */
export interface UploadStore {
  /** The bound of one upload. */
  readonly maxBytes: number;
  /**
   * Keeps the body, whole or not at all. `bytes` is its length as the client declared it, or null. The body is read as fast
   * as the disk takes it, and no further than the bound. Its errors are passed on.
   * @throws {AppError} `upload_too_large`, `uploads_full`, `malformed_upload` if it is shorter than declared,
   *   `storage_unavailable`
   */
  keep(tenant: string, body: AsyncIterable<Buffer>, bytes: number | null): Promise<Uploaded>;
  /** Deletes the bytes, if they are there. @throws {AppError} `storage_unavailable` */
  remove(tenant: string, uploadId: string): Promise<void>;
}

const MIB = 1024 * 1024;

/** The error for an upload above the bound. */
export function uploadTooLarge(maxBytes: number): AppError {
  return new AppError('upload_too_large', { detail: `An upload has at most ${maxBytes / MIB} MiB.` });
}
