import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../faults.ts';
import type { Disk } from './disk.ts';

/** After so many bytes they are flushed. So the body comes no faster than the disk takes it, and the last flush is short. */
const FLUSH_EVERY_BYTES = 16 * 1024 * 1024;

/** Room for a body whose length nobody knows is promised bit by bit, bytes. */
const WINDOW_BYTES = 1024 * 1024;

/** Writes a file from one place on. Errors are those of the system. */
export interface FileWriter {
  write(chunk: Buffer): Promise<void>;
  /** Resolves once the bytes would survive a crash of the machine. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

interface Writing {
  readonly disk: Disk;
  readonly tenant: string;
  readonly path: string;
  /** `wx` for a new file, `r+` for one that is there. */
  readonly flags: 'wx' | 'r+';
  readonly position: number;
  /** How much will be written. Null if nobody knows. */
  readonly bytes: number | null;
}

/** @throws {AppError} `uploads_full` */
export async function openWriter({
  disk,
  tenant,
  path,
  flags,
  position,
  bytes,
}: Writing): Promise<FileWriter> {
  const promiseRoom = () => disk.promise(tenant, dirname(path), bytes ?? WINDOW_BYTES);
  let room = await promiseRoom();
  let file: FileHandle;
  try {
    file = await disk.do(tenant, () => open(path, flags), closeLate);
  } catch (error) {
    room.release();
    throw error;
  }
  let place = position;
  let unflushed = 0;
  let unpromised = 0;
  const flush = () => disk.do(tenant, () => file.datasync());
  return {
    async write(chunk) {
      for (let done = 0; done < chunk.length; ) {
        const { bytesWritten } = await disk.do(tenant, () =>
          file.write(chunk, done, chunk.length - done, place),
        );
        done += bytesWritten;
        place += bytesWritten;
      }
      room.used(chunk.length);
      unpromised += chunk.length;
      if (bytes === null && unpromised >= WINDOW_BYTES) {
        unpromised = 0;
        room.release();
        room = await promiseRoom();
      }
      unflushed += chunk.length;
      if (unflushed < FLUSH_EVERY_BYTES) return;
      unflushed = 0;
      await flush();
    },
    flush,
    close() {
      room.release();
      return disk.do(tenant, () => file.close());
    },
  };
}

/**
 * Writes a body to its end, and flushes it. `onChunk` gets each chunk before it is written, and the bytes that have come with it.
 * Returns how many bytes came. Those that came before a failure stay. @throws as `openWriter`, the body or `onChunk` do
 */
export async function writeBody(
  writing: Writing,
  body: AsyncIterable<Buffer>,
  onChunk: (chunk: Buffer, came: number) => void = () => undefined,
): Promise<number> {
  const file = await openWriter(writing);
  try {
    let came = 0;
    for await (const chunk of body) {
      came += chunk.length;
      onChunk(chunk, came);
      await file.write(chunk);
    }
    await file.flush();
    return came;
  } finally {
    await file.close();
  }
}

/** Names in a directory survive a crash of the machine only once the directory is flushed, too. */
export async function flushDirectoryOf(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes a directory that may be there already. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
    await flushDirectoryOf(path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function closeLate(file: FileHandle): void {
  file.close().catch(() => undefined);
}
