import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { validate as isUuid } from 'uuid';
import type { AssetFile } from '../domain/ports/sources.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';
import { codeOf, faultOf, orThrow, trouble } from './faults.ts';
import { hasRoom } from './free-space.ts';
import { createLocalFile } from './local-file.ts';

/** Each process marks its directory this often. */
const MARK_EVERY_MS = 3_000;

/** The file that a process writes while it lives. */
const MARK = 'mark';

/** A directory without a new mark for this long belongs to a dead process. */
const DEAD_AFTER_MS = 20_000;

/**
 * Bytes that nobody has opened for this long are left over: their run was canceled, or goes on at another worker. They are usually
 * opened at once, and fetched again if need be.
 */
const LEFT_OVER_AFTER_MS = 30_000;

/** A file in the directory. `bytes` is the length of its object. The file may have only the head of it. */
interface Staged {
  readonly path: string;
  readonly bytes: number;
  readonly since: number;
}

/** `bytes` is the length that the server told, or null. */
interface Expected {
  readonly bytes: number | null;
  readonly most: number;
}

/** The bytes of remote objects on this machine's disk, from their fetching to their opening. */
export interface Staging {
  /**
   * Writes up to `most` bytes, then ends the body. Returns the number of bytes that came, or the cause if the body is not valid.
   * @throws {AppError} `storage_unavailable`, also if fewer bytes come than the server told
   */
  keep(name: string, body: Readable, expected: Expected): Promise<number | Unreachable>;
  /** Opens the file and takes it off the disk. Null if there is none. */
  take(name: string): Promise<AssetFile | null>;
  release(name: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Each process has a directory of its own in `dir`, and marks it while it lives. Others delete it when the marks stop. They
 * compare marks with their own, so the clock of a file server does not matter.
 */
export async function createStaging(dir: string, onError: (error: unknown) => void): Promise<Staging> {
  const own = join(dir, randomUUID());
  const kept = new Map<string, Staged>();
  let transfers = 0;

  /** Each transfer has a file of its own, because one that was given up may still write when the next one begins. */
  function newPath(name: string): string {
    transfers += 1;
    return join(own, `${name}-${transfers}`);
  }

  /** The file server sets the time of a file that is written. So all marks have the time of one clock. */
  async function mark(): Promise<void> {
    await mkdir(own, { recursive: true });
    await writeFile(join(own, MARK), '.');
  }

  async function sweep(): Promise<void> {
    await mark();
    const now = await markOf(own);
    for (const name of await readdir(dir)) {
      // Anything else is not ours.
      if (!isUuid(name)) continue;
      const other = join(dir, name);
      // Another process may have deleted it already.
      const markedAt = await markOf(other).catch(() => now);
      if (now - markedAt > DEAD_AFTER_MS) await rm(other, { recursive: true, force: true }).catch(onError);
    }
    for (const [name, { since }] of kept)
      if (performance.now() - since > LEFT_OVER_AFTER_MS) await release(name).catch(onError);
  }

  async function release(name: string): Promise<void> {
    const staged = kept.get(name);
    kept.delete(name);
    if (staged !== undefined) await rm(staged.path, { force: true });
  }

  await mark();
  const sweeping = setInterval(() => {
    sweep().catch(onError);
  }, MARK_EVERY_MS).unref();

  return {
    async keep(name, body, expected) {
      const { bytes, most } = expected;
      const path = newPath(name);
      try {
        if (!(await hasRoom(dir, Math.min(bytes ?? most, most)))) throw trouble('staging_full');
        await mkdir(own, { recursive: true });
        const came = await write(body, path, expected);
        if (bytes !== null && came < Math.min(bytes, most)) throw trouble('cut_short');
        const before = kept.get(name);
        kept.set(name, { path, bytes: bytes ?? came, since: performance.now() });
        if (before !== undefined) await rm(before.path, { force: true });
        return came;
      } catch (error) {
        body.destroy();
        await rm(path, { force: true });
        return orThrow(faultOf(error));
      }
    },

    async take(name) {
      const staged = kept.get(name);
      if (staged === undefined) return null;
      kept.delete(name);
      try {
        const handle = await open(staged.path, 'r');
        // The open handle keeps the bytes, and nothing is left if this process dies.
        await rm(staged.path, { force: true });
        return createLocalFile(handle, staged.bytes);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw trouble(codeOf(error));
      }
    },

    release,

    async close() {
      clearInterval(sweeping);
      await rm(own, { recursive: true, force: true });
    },
  };
}

/** When the process of this directory wrote its mark, or made the directory. Milliseconds, by the clock of the file server. */
async function markOf(dir: string): Promise<number> {
  const found = await stat(join(dir, MARK)).catch(() => stat(dir));
  return found.mtimeMs;
}

/**
 * Writes the body up to `most` bytes and returns how many came. A body that may be longer is destroyed then. Any other is read to its
 * end, because that frees its connection for the next one.
 */
async function write(body: Readable, path: string, { bytes, most }: Expected): Promise<number> {
  const mayBeLonger = bytes === null || bytes > most;
  let came = 0;
  async function* head() {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const part = chunk.subarray(0, most - came);
      came += part.length;
      yield part;
      if (part.length < chunk.length || (mayBeLonger && came === most)) return;
    }
  }
  // A stream that opens its file by itself may do so after it has failed, and the file has been deleted by then.
  const file = await open(path, 'wx');
  // The body is no part of the pipeline, because some kinds of it fail when they are destroyed.
  await pipeline(head, file.createWriteStream());
  return came;
}
