import { constants } from 'node:fs';
import { access, type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { isAbsolute, sep } from 'node:path';
import { AppError } from '../domain/errors.ts';
import type { AssetSource } from '../domain/ports/sources.ts';
import { createLocalFile } from './local-file.ts';
import type { Roots } from './roots.ts';

/**
 * Errors that mean "not reachable" in the contract. All others (EIO, ESTALE, EMFILE, ETIMEDOUT, …) are trouble of the
 * storage, which says nothing about the asset.
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
  // Node's own code for a path with a NUL byte.
  'ERR_INVALID_ARG_VALUE',
]);

/** O_NONBLOCK: a FIFO that took the file's place after the check opens at once instead of waiting for a writer. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface LocalSourceOptions {
  /** Absolute directory that relative paths start from. */
  readonly base: string;
  /** An asset must lie in one of them after symbolic links are resolved. */
  readonly roots: Roots;
}

/** Local files. A path is resolved before it is opened. Then the place of the open file decides, not the path. */
export function createLocalSource(options: LocalSourceOptions): AssetSource {
  return {
    stat: (path) =>
      orNotReachable(options.roots, async () => {
        const found = await find(path, options);
        if (found === null) return null;
        await access(found.target, constants.R_OK);
        return { bytes: found.bytes };
      }),
    async open(path) {
      const opened = await openInside(path, options);
      return opened === null ? null : createLocalFile(opened.handle, opened.bytes);
    },
  };
}

/** The resolved path and the size in bytes. Null if it is no regular file inside the roots. */
async function find(
  path: string,
  { base, roots }: LocalSourceOptions,
): Promise<{ readonly target: string; readonly bytes: number } | null> {
  if (path === '') return null;
  // `resolve` would accept `file.jpg/` and `no-such-directory/../file.jpg` as the file, but the system does not.
  const target = await realpath(isAbsolute(path) ? path : base + sep + path);
  if (!(await roots.hold(target))) return null;
  const found = await stat(target);
  return found.isFile() ? { target, bytes: found.size } : null;
}

interface Opened {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/**
 * Opens the file. Null if it is not reachable. The caller closes the handle.
 * @throws {AppError} `storage_unavailable`
 */
export function openInside(path: string, options: LocalSourceOptions): Promise<Opened | null> {
  return orNotReachable(options.roots, () => openFound(path, options));
}

/** Checks the path before opening it, because opening a device can have effects. */
async function openFound(path: string, options: LocalSourceOptions): Promise<Opened | null> {
  const found = await find(path, options);
  if (found === null) return null;
  const handle = await open(found.target, OPEN_FLAGS);
  try {
    // The path may lead to another file by now, so the open file is checked.
    const opened = await handle.stat();
    const where = await locate(handle, found.target);
    if (opened.isFile() && (await options.roots.hold(where))) return { handle, bytes: opened.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return null;
}

/** Null if the asset is not reachable. This is a verdict, so it needs all roots: without one, any asset may seem to be missing. */
async function orNotReachable<Result>(
  roots: Roots,
  work: () => Promise<Result | null>,
): Promise<Result | null> {
  const result = await nullIfNotReachable(work);
  if (result === null) await roots.requireAll();
  return result;
}

async function nullIfNotReachable<Result>(work: () => Promise<Result | null>): Promise<Result | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && NOT_REACHABLE.has(code)) return null;
    throw new AppError('storage_unavailable', { cause: new Error(code ?? 'unknown') });
  }
}

/** The path of an open file. Linux knows it. On other systems the path is resolved once more. */
async function locate(handle: FileHandle, target: string): Promise<string> {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${handle.fd}`);
  return realpath(target);
}
