import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../process/program.ts';

/** All files of the folder and the folders in it, in order, without hidden ones. @throws {UsageError} */
export async function listFiles(option: string, folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      throw new UsageError(`${option} can't be "${folder}" (${error.code}).`, `${option} takes a folder.`);
    },
  );
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
