import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file does one job. A test file may be longer, because its cases are alike. */
const MAX_LINES = 250;
const MAX_TEST_LINES = 450;

/** A reader can take in about this many files at a look. */
const MAX_FILES = 25;

/** Written by `npm run openapi`. */
const GENERATED: ReadonlySet<string> = new Set(['clients/typescript/src/schema.ts']);

/** Folders whose files are all of one kind, so that a reader looks one up instead of reading the list. */
const OF_ONE_KIND: ReadonlySet<string> = new Set(['src/domain/checks', 'src/db/migrations']);

/** @returns one line for each file that is too long, and for each folder that holds too many files */
export function checkSizes(folders: readonly string[]): string[] {
  return folders.flatMap((folder) => checkFolder(folder));
}

function checkFolder(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  const found: string[] = [];
  if (files.length > MAX_FILES && !OF_ONE_KIND.has(folder))
    found.push(`folder-too-full: ${folder} has ${files.length} files, ${MAX_FILES} at most`);
  const max = /^test(\/|$)/.test(folder) ? MAX_TEST_LINES : MAX_LINES;
  for (const { name } of files) {
    const path = join(folder, name);
    const lines = readFileSync(path, 'utf8').split('\n').length - 1;
    if (lines > max && !GENERATED.has(path))
      found.push(`file-too-long: ${path} has ${lines} lines, ${max} at most`);
  }
  for (const entry of entries) {
    if (entry.isDirectory() && entry.name !== 'node_modules')
      found.push(...checkFolder(join(folder, entry.name)));
  }
  return found;
}
