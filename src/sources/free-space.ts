import { statfs } from 'node:fs/promises';

/** This much of a disk stays free, for the other programs of the machine. */
const KEEP_FREE_BYTES = 256 * 1024 * 1024;

/** Whether the disk of a directory has room for so many bytes more. @throws {NodeJS.ErrnoException} */
export async function hasRoom(dir: string, bytes: number, keepFreeBytes = KEEP_FREE_BYTES): Promise<boolean> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize >= bytes + keepFreeBytes;
}
