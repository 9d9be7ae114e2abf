import { constants } from 'node:fs';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { AppError } from '../domain/errors.ts';
import type { Unreachable, UnreachableCause } from '../domain/sources/unreachable.ts';
import { type BytePath, bytesOf, forSystem, readLink, resolveLinks } from './byte-path.ts';
import type { FileSource } from './file-source.ts';
import { findCause } from './find-cause.ts';
import { createLocalFile } from './local-file.ts';
import type { Entry, Roots } from './roots.ts';

/**
 * Errors that mean "not reachable" in the contract. All others (EIO, ESTALE, EMFILE, ETIMEDOUT, …) are trouble of the
 * storage, which says nothing about the asset.
 */
const CAUSE_OF_ERROR = new Map<string, UnreachableCause>([
  ['ENOENT', 'not_found'],
  ['ENOTDIR', 'not_found'],
  ['EACCES', 'permission'],
  ['EPERM', 'permission'],
  ['ELOOP', 'loop'],
  ['ENAMETOOLONG', 'name_too_long'],
  ['EISDIR', 'not_a_file'],
  ['ENXIO', 'not_a_file'],
  // Node's own code for a path with a NUL byte.
  ['ERR_INVALID_ARG_VALUE', 'invalid_path'],
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
export function createLocalSource(options: LocalSourceOptions): FileSource {
  return {
    stat: (path) =>
      orUnreachable(path, options, async (place) => {
        const found = await find(place, options.roots);
        if ('unreachable' in found) return found;
        await access(forSystem(found.target), constants.R_OK);
        return { bytes: found.bytes };
      }),
    async open(path) {
      const opened = await openInside(path, options);
      return 'unreachable' in opened ? opened : createLocalFile(opened.handle, opened.bytes);
    },
  };
}

interface Opened {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/**
 * Opens the file. The caller closes the handle.
 * @throws {AppError} `storage_unavailable`
 */
export function openInside(path: string, options: LocalSourceOptions): Promise<Opened | Unreachable> {
  return orUnreachable(path, options, (place) => openFound(place, options.roots));
}

/** The place that a path names. */
interface Place {
  readonly path: BytePath;
  /** Null if the text of the path ends outside the roots. */
  readonly entry: Entry | null;
}

/**
 * Only parts below a root are left to the system: `file.jpg/` and `no-such-directory/../file.jpg` are not `file.jpg`.
 * Before a root, `..` is taken out of the text. Otherwise `/home/anna/../../srv/assets/a.jpg` would tell whether Anna has a home here.
 */
function locate(path: string, { base, roots }: LocalSourceOptions): Place {
  const given = asAbsolute(path, base);
  const entry = roots.enter(given);
  if (entry === null) return { path: posix.normalize(given), entry };
  return { path: [entry.path, ...entry.rest].join(posix.sep), entry };
}

function asAbsolute(path: string, base: string): BytePath {
  return bytesOf(posix.isAbsolute(path) ? path : base + posix.sep + path);
}

/** One text for all spellings of a path (`Roots.spell`). A path outside the roots stays as it is. */
export function spellPath(path: string, { base, roots }: LocalSourceOptions): string {
  const spelled = roots.spell(asAbsolute(path, base));
  return spelled === null ? path : forSystem(spelled).toString();
}

/** The resolved path and the size in bytes of a regular file inside the roots. */
async function find(
  { path, entry }: Place,
  roots: Roots,
): Promise<{ readonly target: BytePath; readonly bytes: number } | Unreachable> {
  // Behind a link that leads out, `..` would tell what exists there.
  if (entry?.rest.includes('..') === true && (await findCause(entry, roots)) === 'symlink_outside')
    return { unreachable: 'symlink_outside' };
  const target = await resolveLinks(path);
  if (!(await roots.hold(target))) {
    if (entry === null) return { unreachable: 'outside_roots' };
    // A path that stays in the roots is that of a root itself.
    return { unreachable: (await findCause(entry, roots)) ?? 'not_a_file' };
  }
  const found = await stat(forSystem(target));
  return found.isFile() ? { target, bytes: found.size } : { unreachable: 'not_a_file' };
}

/** Checks the path before opening it, because opening a device can have effects. */
async function openFound(place: Place, roots: Roots): Promise<Opened | Unreachable> {
  const found = await find(place, roots);
  if ('unreachable' in found) return found;
  const handle = await open(forSystem(found.target), OPEN_FLAGS);
  try {
    // The path may lead to another file by now, so the open file is checked.
    const opened = await handle.stat();
    const isInside = await roots.hold(await placeOf(handle, found.target));
    if (opened.isFile() && isInside) return { handle, bytes: opened.size };
    await handle.close();
    return { unreachable: isInside ? 'not_a_file' : 'symlink_outside' };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * That an asset is not reachable is a verdict, so it needs all roots: without one, any asset may seem to be missing. A root may
 * come back after the look and before the roots are checked. So it takes a second look, with all roots there before it and after it.
 */
async function orUnreachable<Result extends object>(
  path: string,
  options: LocalSourceOptions,
  work: (place: Place) => Promise<Result | Unreachable>,
): Promise<Result | Unreachable> {
  const place = locate(path, options);
  const first = await orCause(place, options.roots, work);
  if (!('unreachable' in first)) return first;
  await options.roots.requireAll();
  const second = await orCause(place, options.roots, work);
  if ('unreachable' in second) await options.roots.requireAll();
  return second;
}

async function orCause<Result>(
  place: Place,
  roots: Roots,
  work: (place: Place) => Promise<Result>,
): Promise<Result | Unreachable> {
  try {
    return await work(place);
  } catch (error) {
    return asUnreachable(causeOf(error), place, roots);
  }
}

/** `cause` may say something about a place outside. So it is looked for again, without looking there. */
async function asUnreachable(cause: UnreachableCause, { entry }: Place, roots: Roots): Promise<Unreachable> {
  if (entry === null) return { unreachable: 'outside_roots' };
  try {
    return { unreachable: (await findCause(entry, roots)) ?? cause };
  } catch (error) {
    return { unreachable: causeOf(error) };
  }
}

/** @throws {AppError} `storage_unavailable` */
function causeOf(error: unknown): UnreachableCause {
  if (error instanceof AppError) throw error;
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  const cause = CAUSE_OF_ERROR.get(code);
  if (cause !== undefined) return cause;
  throw new AppError('storage_unavailable', { cause: new Error(code) });
}

/** The path of an open file. Linux knows it. On other systems the path is resolved once more. */
async function placeOf(handle: FileHandle, target: BytePath): Promise<BytePath> {
  if (process.platform === 'linux') return readLink(`/proc/self/fd/${handle.fd}`);
  return resolveLinks(target);
}
