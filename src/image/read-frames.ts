import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../domain/errors.ts';
import type { Measure } from '../domain/measures.ts';
import type { AssetFile } from '../domain/ports.ts';
import type { Frame } from './frames.ts';
import { BLOCK_BYTES } from './limits.ts';

/**
 * A file in blocks, for a decoder. It ends where it did when it was opened, or earlier if it has shrunk.
 * @throws {AppError} `storage_unavailable`
 */
export async function* readFrames(
  { handle, bytes }: AssetFile,
  measures: readonly Measure[],
): AsyncGenerator<Frame> {
  for (let at = 0; ; at += BLOCK_BYTES) {
    const block = await readBlock(handle, at, Math.min(BLOCK_BYTES, bytes - at));
    const isLast = block.length < BLOCK_BYTES || at + BLOCK_BYTES >= bytes;
    yield { bytes, block, isLast, measures };
    if (isLast) return;
  }
}

async function readBlock(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await orTrouble(() =>
      handle.read(block, filled, length - filled, position + filled),
    );
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return block.subarray(0, filled);
}

/** A file that can be opened but not read: the storage has trouble, whatever the picture is. */
async function orTrouble<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AppError('storage_unavailable', { cause: new Error(code ?? 'unknown') });
  }
}
