import { createHash } from 'node:crypto';
import { access, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, trouble } from '../faults.ts';

/** An API leaves this file in the directory that it writes to. */
const MARK = '.validatr-uploads';

/**
 * The directory of uploads, shared by all APIs and workers. Each tenant has a directory of its own in it:
 *
 *     <UPLOADS_DIR>/<SHA-256 of the tenant>/<upload id>          whole
 *     <UPLOADS_DIR>/<SHA-256 of the tenant>/<upload id>.…        not whole, so no asset reaches it
 *
 * So an upload belongs to its tenant by its place.
 */
export interface UploadsDir {
  readonly path: string;
  /** The directory of a tenant. It may not exist yet. */
  of(tenant: string): string;
  /**
   * To be asked before anything in it counts as missing: a share that is not mounted leaves no directory, or an empty one.
   * @throws {AppError} `storage_unavailable` if it is not there, is another one than before, or is not the one of the APIs
   */
  requireThere(): Promise<void>;
}

export interface UploadsDirOptions {
  /** Whether this process writes to it. It leaves the mark that readers look for. */
  readonly writes: boolean;
  /** Called with the reason when the directory is not usable, and with null when it is again. */
  readonly onChange?: (trouble: string | null) => void;
}

/** Remembers which directory it is as soon as it is there. */
export function openUploadsDir(path: string, { writes, onChange }: UploadsDirOptions): UploadsDir {
  const mark = join(path, MARK);
  let known: string | null = null;
  let said: string | null = null;

  async function findTrouble(): Promise<string | null> {
    try {
      const { dev, ino } = await stat(path, { bigint: true });
      const id = `${dev}:${ino}`;
      if (known !== null && id !== known) return 'uploads_replaced';
      if (writes && known === null) await (await open(mark, 'a')).close();
      else await access(mark);
      known = id;
      return null;
    } catch (error) {
      const code = codeOf(error);
      return code === 'ENOENT' || code === 'ENOTDIR' ? 'uploads_missing' : code;
    }
  }

  return {
    path,
    of: (tenant) => join(path, createHash('sha256').update(tenant).digest('hex')),
    async requireThere() {
      const found = await findTrouble();
      if (found !== said) onChange?.(found);
      said = found;
      if (found !== null) throw trouble(found);
    },
  };
}
