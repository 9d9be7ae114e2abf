import { opendir, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { AppError } from '../domain/errors.ts';
import { type BytePath, bytesOf, forSystem, resolveLinks } from './byte-path.ts';

type Trouble = 'missing' | 'replaced' | 'empty';

export interface RootsOptions {
  /** Called when a root is missing, replaced or empty, once, and with null when it is back. */
  readonly onChange?: (root: string, trouble: Trouble | null) => void;
}

/**
 * The directories that assets must lie in, as they were at start. A share that is not mounted leaves no directory, or an
 * empty one. Both look like missing assets, so they must not become verdicts.
 */
export interface Roots {
  /** Where the text of a path enters a root, for the last time if it leaves one. Null if it ends outside. Reads nothing. */
  enter(path: BytePath): Entry | null;
  /**
   * One spelling for all paths to a place: its root without links, and the parts below it. Links below the root stay, because this
   * reads nothing. If one directory is at several roots, it counts as the first of them. Null outside the roots.
   */
  spell(path: BytePath): BytePath | null;
  /** Whether a resolved path lies in a root. @throws {AppError} `storage_unavailable` if that root is not the one of the start */
  hold(target: BytePath): Promise<boolean>;
  /** @throws {AppError} `storage_unavailable` if a root is missing, is another directory than at start, or is empty and was not */
  requireAll(): Promise<void>;
}

/** Where a path enters a root. */
export interface Entry {
  /** The root as the path names it. */
  readonly path: BytePath;
  /** The root without symbolic links. */
  readonly real: BytePath;
  /** The parts of the path below the root, as they were given. */
  readonly rest: readonly BytePath[];
}

/** Remembers which directories the roots are. @throws {Error} with a complete message if one is not there */
export async function openRoots(paths: readonly string[], { onChange }: RootsOptions = {}): Promise<Roots> {
  const roots = await Promise.all(paths.map(openRoot));
  const troubled = new Map<string, Trouble>();

  function judge({ name }: Root, trouble: Trouble | null): void {
    if ((troubled.get(name) ?? null) !== trouble) onChange?.(name, trouble);
    if (trouble === null) troubled.delete(name);
    else troubled.set(name, trouble);
    if (trouble !== null)
      throw new AppError('storage_unavailable', { cause: new Error(`an asset root is ${trouble}`) });
  }

  return {
    enter: (path) => enter(path, roots),
    spell: (path) => spell(path, roots),
    async hold(target) {
      const holding = roots.filter(({ real }) => isBelow(target, real));
      for (const root of holding) judge(root, await findTrouble(root, root.real));
      return holding.length > 0;
    },
    async requireAll() {
      // The path may lead to the same directory by another way. Then the resolved paths of assets begin differently.
      for (const root of roots) {
        const real = await resolveLinks(root.path).catch(() => null);
        judge(root, (await findTrouble(root, real)) ?? (await findEmptiness(root)));
      }
    },
  };
}

/**
 * Tells why a root is not usable, in public words, or null. There is one look at a time, because a share that hangs keeps the thread
 * of a look.
 */
export function createRootsLook({ requireAll }: Pick<Roots, 'requireAll'>): () => Promise<string | null> {
  let looking: Promise<string | null> | null = null;
  async function look(): Promise<string | null> {
    try {
      await requireAll();
      return null;
    } catch (error) {
      return error instanceof AppError && error.cause instanceof Error ? error.cause.message : 'unknown';
    }
  }
  return () => (looking ??= look().finally(() => (looking = null)));
}

interface Root {
  /** As configured. */
  readonly name: string;
  readonly path: BytePath;
  /** Without symbolic links. */
  readonly real: BytePath;
  readonly id: string;
  /** Whether anything lay in it at start. */
  readonly isFilled: boolean;
}

function enter(path: BytePath, roots: readonly Root[]): Entry | null {
  const holds = (place: BytePath) =>
    roots.some((root) => [root.path, root.real].some((dir) => place === dir || isBelow(place, dir)));
  let place: BytePath = posix.sep;
  let entry: { path: BytePath; real: BytePath; rest: BytePath[] } | null = null;
  for (const part of ['', ...path.split(posix.sep)]) {
    place = step(place, part);
    if (!holds(place)) {
      entry = null;
    } else if (entry === null) {
      const root = roots.find((each) => each.path === place || each.real === place);
      entry = root === undefined ? null : { path: place, real: root.real, rest: [] };
    } else {
      entry.rest.push(part);
    }
  }
  return entry;
}

function spell(path: BytePath, roots: readonly Root[]): BytePath | null {
  const entry = enter(path, roots);
  const entered = roots.find(({ real }) => real === entry?.real);
  const first = roots.find(({ id }) => id === entered?.id);
  return entry === null || first === undefined ? null : posix.join(first.real, ...entry.rest);
}

function step(place: BytePath, part: BytePath): BytePath {
  if (part === '' || part === '.') return place;
  if (part === '..') return posix.dirname(place);
  return place === posix.sep ? place + part : place + posix.sep + part;
}

function isBelow(place: BytePath, dir: BytePath): boolean {
  return place.startsWith(dir.endsWith(posix.sep) ? dir : dir + posix.sep);
}

async function openRoot(name: string): Promise<Root> {
  try {
    const path = bytesOf(name);
    const real = await resolveLinks(path);
    const id = await idOf(real);
    if (id !== null) return { name, path, real, id, isFilled: (await isEmpty(real)) === false };
  } catch (error) {
    throw new Error(describeMissing(name, (error as NodeJS.ErrnoException).code ?? 'unknown'), {
      cause: error,
    });
  }
  throw new Error(describeMissing(name, 'it is not a directory'));
}

function describeMissing(path: string, reason: string): string {
  return `The asset root ${path} is not there (${reason}). Create or mount it, or correct ASSET_ROOTS.`;
}

/** Device and inode. Null if it is no directory. */
async function idOf(real: BytePath): Promise<string | null> {
  const found = await stat(forSystem(real), { bigint: true });
  return found.isDirectory() ? `${found.dev}:${found.ino}` : null;
}

async function findTrouble(root: Root, real: BytePath | null): Promise<Trouble | null> {
  const id = real === null ? undefined : await idOf(real).catch(() => undefined);
  if (id === undefined) return 'missing';
  return id === root.id && real === root.real ? null : 'replaced';
}

/** One read of the directory, so it is asked only before a verdict that a file is not there. */
async function findEmptiness({ real, isFilled }: Root): Promise<Trouble | null> {
  return isFilled && (await isEmpty(real)) === true ? 'empty' : null;
}

/** Null if the directory may not be listed. Files in it may still be read. */
async function isEmpty(real: BytePath): Promise<boolean | null> {
  const entries = await opendir(forSystem(real)).catch(() => null);
  if (entries === null) return null;
  try {
    return (await entries.read()) === null;
  } catch {
    return null;
  } finally {
    await entries.close();
  }
}
