import { existsSync } from 'node:fs';
import { checkArrows } from './arrows.ts';
import { checkSizes } from './sizes.ts';

/** `npm run check:arrows`: checks imports between folders, lengths of files, and files in a folder. */
const folders = [
  'src',
  'workflows',
  'activities',
  'clients/typescript/src',
  'test',
  'bench',
  'scripts',
].filter((folder) => existsSync(folder));
const { violations, modules, imports } = await checkArrows(folders);
const all = [...violations, ...checkSizes(folders)];
for (const line of all) process.stderr.write(`${line}\n`);
process.stdout.write(`${modules} modules, ${imports} imports, ${all.length} violations\n`);
process.exitCode = all.length === 0 ? 0 : 1;
