import { statfs } from 'node:fs/promises';

/** This much of a disk stays free, for the other programs of the machine. */
const KEEP_FREE_BYTES = 256 * 1024 * 1024;

/** So many files, or a tenth of those that the disk can have. */
const KEEP_FREE_FILES = 10_000;

/** Whether the disk of a directory has room for so many bytes, and some files, more. @throws {NodeJS.ErrnoException} */
export async function hasRoom(dir: string, bytes: number, keepFreeBytes = KEEP_FREE_BYTES): Promise<boolean> {
  const { bavail, bsize, files, ffree } = await statfs(dir);
  // Some file systems make them as needed, and say 0.
  const hasFiles = files === 0 || ffree >= Math.min(KEEP_FREE_FILES, files / 10);
  return hasFiles && bavail * bsize >= bytes + keepFreeBytes;
}
