import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { isAbsolute, sep } from 'node:path';
import { AppError } from '../domain/errors.ts';
import type { AssetFile, AssetSource } from '../domain/ports/sources.ts';

/**
 * What the contract calls "not reachable". Everything else (EIO, ESTALE, EMFILE, ETIMEDOUT, …) is trouble of the
 * storage, which says nothing of the asset.
 */
const NOT_REACHABLE = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  'EISDIR',
  'ENXIO',
  // Node's own, for a path with a NUL byte.
  'ERR_INVALID_ARG_VALUE',
]);

/** O_NONBLOCK: a FIFO that took the file's place after the check opens at once instead of waiting for a writer. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface LocalSourceOptions {
  /** Absolute directory that relative paths start from. */
  readonly base: string;
  /** Absolute directories that assets must lie in, symbolic links resolved. */
  readonly roots: readonly string[];
}

/** Files of this machine. A path is resolved first, and what counts is where the opened file really is. */
export function createLocalSource({ base, roots }: LocalSourceOptions): AssetSource {
  return {
    async open(path) {
      if (path === '') return null;
      let handle: FileHandle | undefined;
      try {
        // Not `resolve`: it takes `file.jpg/` and `no-such-directory/../file.jpg` for the file, the system does not.
        const target = await realpath(isAbsolute(path) ? path : base + sep + path);
        if (!(await isInside(target, roots))) return null;
        // Looked at before it is opened: opening a device can do things.
        if (!(await stat(target)).isFile()) return null;
        handle = await open(target, OPEN_FLAGS);
        const file = await verify(handle, target, roots);
        if (file === null) await handle.close();
        return file;
      } catch (error) {
        await handle?.close();
        const { code } = error as NodeJS.ErrnoException;
        if (code !== undefined && NOT_REACHABLE.has(code)) return null;
        throw new AppError('storage_unavailable', { cause: new Error(code ?? 'unknown') });
      }
    },
  };
}

/** Between the check and the opening the path may have come to mean another file: what is judged is the open one. */
async function verify(
  handle: FileHandle,
  target: string,
  roots: readonly string[],
): Promise<AssetFile | null> {
  const opened = await handle.stat();
  if (!opened.isFile()) return null;
  const where = await locate(handle, target);
  if (!(await isInside(where, roots))) return null;
  return { handle, bytes: opened.size };
}

/** Where an open file is: Linux tells; elsewhere the path is resolved once more. */
async function locate(handle: FileHandle, target: string): Promise<string> {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${handle.fd}`);
  return realpath(target);
}

async function isInside(target: string, roots: readonly string[]): Promise<boolean> {
  for (const root of roots) {
    // A root that does not exist holds nothing.
    const real = await realpath(root).catch(() => null);
    if (real !== null && target.startsWith(real.endsWith(sep) ? real : real + sep)) return true;
  }
  return false;
}
