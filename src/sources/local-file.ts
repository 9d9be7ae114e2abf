import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../domain/errors.ts';
import type { AssetFile } from '../domain/ports/sources.ts';

/** A local file. A read cannot be ended early, because the system has no means for that. */
export function createLocalFile(handle: FileHandle, bytes: number): AssetFile {
  return {
    bytes,
    async read(position, length) {
      const block = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const bytesRead = await readOnce(handle, block, filled, position);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return block.subarray(0, filled);
    },
    close: () => handle.close(),
  };
}

/** Reads once. An error here is trouble of the storage, not a fault of the picture, because the file was opened before. */
async function readOnce(
  handle: FileHandle,
  block: Buffer,
  filled: number,
  position: number,
): Promise<number> {
  try {
    return (await handle.read(block, filled, block.length - filled, position + filled)).bytesRead;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AppError('storage_unavailable', { cause: new Error(code ?? 'unknown') });
  }
}
