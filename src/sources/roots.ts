import { realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { AppError } from '../domain/errors.ts';

type Trouble = 'missing' | 'replaced';

export interface RootsOptions {
  /** Called when a root is missing or replaced, once, and with null when it is back. */
  readonly onChange?: (root: string, trouble: Trouble | null) => void;
}

/**
 * The directories that assets must lie in, as they were at start. A share that is not mounted leaves no directory, or an
 * empty one of another file system. Both look like missing assets, so they must not become verdicts.
 */
export interface Roots {
  /** Whether a resolved path lies in a root. @throws {AppError} `storage_unavailable` if that root is not the one of the start */
  hold(target: string): Promise<boolean>;
  /** @throws {AppError} `storage_unavailable` if a root is missing, or is another directory than at start */
  requireAll(): Promise<void>;
}

/** Remembers which directories the roots are. @throws {Error} with a complete message if one is not there */
export async function openRoots(paths: readonly string[], { onChange }: RootsOptions = {}): Promise<Roots> {
  const roots = await Promise.all(paths.map(openRoot));
  const troubled = new Map<string, Trouble>();

  function judge({ path }: Root, trouble: Trouble | null): void {
    if ((troubled.get(path) ?? null) !== trouble) onChange?.(path, trouble);
    if (trouble === null) troubled.delete(path);
    else troubled.set(path, trouble);
    if (trouble !== null)
      throw new AppError('storage_unavailable', { cause: new Error(`an asset root is ${trouble}`) });
  }

  return {
    async hold(target) {
      const holding = roots.filter(({ real }) => target.startsWith(real.endsWith(sep) ? real : real + sep));
      for (const root of holding) judge(root, await findTrouble(root, root.real));
      return holding.length > 0;
    },
    async requireAll() {
      // The path may lead to the same directory by another way. Then the resolved paths of assets begin differently.
      for (const root of roots)
        judge(root, await findTrouble(root, await realpath(root.path).catch(() => null)));
    },
  };
}

interface Root {
  /** As configured. */
  readonly path: string;
  /** Without symbolic links. */
  readonly real: string;
  readonly id: string;
}

async function openRoot(path: string): Promise<Root> {
  try {
    const real = await realpath(path);
    const id = await idOf(real);
    if (id !== null) return { path, real, id };
  } catch (error) {
    throw new Error(describeMissing(path, (error as NodeJS.ErrnoException).code ?? 'unknown'), {
      cause: error,
    });
  }
  throw new Error(describeMissing(path, 'it is not a directory'));
}

function describeMissing(path: string, reason: string): string {
  return `The asset root ${path} is not there (${reason}). Create or mount it, or correct ASSET_ROOTS.`;
}

/** Device and inode. Null if it is no directory. */
async function idOf(real: string): Promise<string | null> {
  const found = await stat(real, { bigint: true });
  return found.isDirectory() ? `${found.dev}:${found.ino}` : null;
}

async function findTrouble(root: Root, real: string | null): Promise<Trouble | null> {
  const id = real === null ? undefined : await idOf(real).catch(() => undefined);
  if (id === undefined) return 'missing';
  return id === root.id && real === root.real ? null : 'replaced';
}
