import { AppError } from '../../domain/errors.ts';
import { createSharedPlaces } from '../../domain/turns/shared-places.ts';
import { inTime } from '../bounded-files.ts';
import { codeOf, trouble } from '../faults.ts';
import { hasRoom } from '../free-space.ts';
import { doesNotAnswer } from '../storage-places.ts';

/** An operation that takes longer hangs. Flushing some megabytes to a busy disk may take seconds. */
const HANGS_AFTER_MS = 20_000;

/** How long an operation may take, waiting for its place included. */
const WALL_MS = 30_000;

export interface DiskOptions {
  /** How many operations may be under way at once. One tenant has half of them at most. */
  readonly places: number;
  readonly keepFreeBytes?: number;
}

/** The disk that uploads are written to. The system cannot end an operation that hangs, so each has one of few places. */
export interface Disk {
  /** Does one operation for a tenant. `onLate` gets a result that nobody waits for any more. */
  do<Result>(
    tenant: string,
    operation: () => Promise<Result>,
    onLate?: (result: Result) => void,
  ): Promise<Result>;
  /**
   * Sees to it that there is room for so many bytes more, besides all that this process has promised to others.
   * @throws {AppError} `uploads_full`
   */
  promise(tenant: string, path: string, bytes: number): Promise<Promised>;
}

/** Room for bytes that are not written yet. */
interface Promised {
  /** So many of them are written now. */
  used(bytes: number): void;
  /** The rest is not needed. */
  release(): void;
}

export function createDisk({ places: count, keepFreeBytes }: DiskOptions): Disk {
  const places = createSharedPlaces({
    total: count,
    waitMs: HANGS_AFTER_MS,
    stuckAfterMs: HANGS_AFTER_MS,
    refusal: doesNotAnswer,
  });
  /** Bytes that are promised and not written yet. */
  let total = 0;
  const disk: Disk = {
    do: (tenant, operation, onLate) => inTime(places.use(tenant, operation), onLate, WALL_MS),
    async promise(tenant, path, bytes) {
      let left = bytes;
      total += bytes;
      const give = (given: number): void => {
        left -= given;
        total -= given;
      };
      const promised = { used: (used: number) => give(Math.min(left, used)), release: () => give(left) };
      try {
        // What is promised counts before the question, so two uploads can't have the same room.
        if (await disk.do(tenant, () => hasRoom(path, total, keepFreeBytes))) return promised;
      } catch (error) {
        promised.release();
        throw error;
      }
      promised.release();
      throw new AppError('uploads_full');
    },
  };
  return disk;
}

/** The error that a client gets for one of the disk. */
export function faultOfDisk(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AppError('uploads_full');
  return trouble(code || 'unknown');
}
