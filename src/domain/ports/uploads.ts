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

/** An upload that comes part by part, so a client may resume it. */
export interface ResumableUpload {
  readonly uploadId: string;
  /** Bytes of the whole. */
  readonly length: number;
  /** Bytes that are on the disk. The next part begins here. */
  readonly offset: number;
  /** The client's own text about it, as it came. */
  readonly metadata: string | null;
  /** When it is deleted if nothing more comes. Null if it is whole, or is kept for ever. */
  readonly expiresAt: Date | null;
}

export interface Checksum {
  readonly algorithm: 'sha1' | 'sha256';
  readonly base64: string;
}

export interface UploadPart {
  readonly offset: number;
  /** As the client declared it, or null. */
  readonly bytes: number | null;
  /** If it breaks off, what came of it stays, unless it has a checksum. */
  readonly body: AsyncIterable<Buffer>;
  readonly checksum: Checksum | null;
}

/** Uploads that come part by part. Once whole, they are uploads like others. All methods throw `storage_unavailable`. */
export interface ResumableUploads {
  readonly maxBytes: number;
  /** @throws {AppError} `upload_too_large`, `uploads_full` */
  create(tenant: string, begun: Pick<ResumableUpload, 'length' | 'metadata'>): Promise<ResumableUpload>;
  /** Null if there is none. A request that still writes to it is ended first. */
  find(tenant: string, uploadId: string): Promise<ResumableUpload | null>;
  /**
   * Resolves once the part would survive a crash of the machine. Null if there is no such upload.
   * @throws {AppError} `upload_offset_conflict`, `upload_taken_over`, `upload_checksum_mismatch`, `uploads_full`,
   *   `malformed_upload` if it has more bytes than were announced, or breaks off
   */
  append(tenant: string, uploadId: string, part: UploadPart): Promise<ResumableUpload | null>;
  /** Deletes it, whole or not. Returns whether it was there. */
  remove(tenant: string, uploadId: string): Promise<boolean>;
}

const MIB = 1024 * 1024;

/** The error for an upload above the bound. */
export function uploadTooLarge(maxBytes: number): AppError {
  return new AppError('upload_too_large', { detail: `An upload has at most ${maxBytes / MIB} MiB.` });
}
