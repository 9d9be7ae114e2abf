import { AppError } from '../domain/errors.ts';
import type { InspectOptions } from '../domain/ports/images.ts';
import type { AssetFile } from '../domain/ports/sources.ts';
import type { Frame } from './frames.ts';
import { BLOCK_BYTES, FIRST_READ_BYTES, HEAD_BYTES, MAX_BYTES_IN_MEMORY, READ_WALL_MS } from './limits.ts';

export interface FileReader {
  /** Reads the first bytes, which proves that the storage answers. */
  begin(): Promise<void>;
  /** Called after `begin`. Yields the whole file and reads nothing twice. */
  frames(): AsyncGenerator<Frame>;
}

/**
 * Reads a file in blocks for a decoder. It reads only the head of a file that is too large to pass. It reads up to the
 * size at opening, or less if the file has shrunk. Storage may hang for ever, so an abort does not wait for it. Reading
 * a file may take at most `readMs`.
 * @throws {AppError} `storage_unavailable`, or the signal's reason after an abort
 */
export function createFileReader(
  file: AssetFile,
  { measures = [], signal, readMs = READ_WALL_MS }: InspectOptions & { readMs?: number | undefined },
): FileReader {
  const end = file.bytes > MAX_BYTES_IN_MEMORY ? HEAD_BYTES : file.bytes;
  let leftMs = readMs;
  let first: Buffer = Buffer.alloc(0);

  async function read(position: number, length: number): Promise<Buffer> {
    const begin = performance.now();
    const block = await orGivenUp(file.read(position, length, signal), signal, leftMs, readMs);
    leftMs -= performance.now() - begin;
    return block;
  }

  /** The first block begins with the bytes that `begin` has read. */
  async function readBlock(at: number): Promise<Buffer> {
    const length = Math.min(BLOCK_BYTES, end - at);
    if (at > 0) return read(at, length);
    if (first.length < FIRST_READ_BYTES || first.length >= length) return first;
    return Buffer.concat([first, await read(first.length, length - first.length)]);
  }

  return {
    async begin() {
      first = await read(0, Math.min(FIRST_READ_BYTES, end));
    },
    async *frames() {
      for (let at = 0; ; at += BLOCK_BYTES) {
        const block = await readBlock(at);
        const isLast = block.length < BLOCK_BYTES || at + BLOCK_BYTES >= end;
        yield { bytes: file.bytes, block, isLast, measures };
        if (isLast) return;
      }
    },
  };
}

/** `Promise.race` with one promise for the whole file would keep every block in memory. */
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
