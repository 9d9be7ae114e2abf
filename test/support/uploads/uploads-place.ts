import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for the uploads of one stack. */
export interface UploadsPlace {
  readonly path: string;
  /** The names of all files in it, whole or not. */
  files(): Promise<string[]>;
  remove(): Promise<void>;
}

export async function makeUploadsPlace(): Promise<UploadsPlace> {
  const path = await mkdtemp(join(tmpdir(), 'validatr-uploads-'));
  return {
    path,
    async files() {
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && !entry.name.startsWith('.validatr-'))
        .map(({ name }) => name);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
