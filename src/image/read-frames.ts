import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../domain/errors.ts';
import type { InspectOptions } from '../domain/ports/images.ts';
import type { AssetFile } from '../domain/ports/sources.ts';
import type { Frame } from './frames.ts';
import { BLOCK_BYTES, HEAD_BYTES, MAX_BYTES_IN_MEMORY, READ_WALL_MS } from './limits.ts';

/**
 * A file in blocks, for a decoder: of one that is too large to pass the head only. It ends where it did when it was opened, or
 * earlier if it has shrunk. Storage may hang for ever: neither an abort waits for it, nor anything beyond `readMs` for the whole.
 * @throws {AppError} `storage_unavailable`; the signal's reason
 */
export async function* readFrames(
  { handle, bytes }: AssetFile,
  { measures = [], signal, readMs = READ_WALL_MS }: InspectOptions & { readMs?: number | undefined },
): AsyncGenerator<Frame> {
  const end = bytes > MAX_BYTES_IN_MEMORY ? HEAD_BYTES : bytes;
  const begin = performance.now();
  for (let at = 0; ; at += BLOCK_BYTES) {
    const reading = readBlock(handle, at, Math.min(BLOCK_BYTES, end - at));
    const block = await orGivenUp(reading, signal, begin + readMs - performance.now(), readMs);
    const isLast = block.length < BLOCK_BYTES || at + BLOCK_BYTES >= end;
    yield { bytes, block, isLast, measures };
    if (isLast) return;
  }
}

/** Not `Promise.race`: with one promise for the whole file it would keep every block. */
function orGivenUp<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  leftMs: number,
  readMs: number,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason as Error);
    const timer = setTimeout(() => {
      const cause = new Error(`the file was not read within ${readMs / 1000} s`);
      reject(new AppError('storage_unavailable', { cause }));
    }, leftMs);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    work.finally(end).then(resolve, reject);
  });
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
