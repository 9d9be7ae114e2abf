import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** `npm run check`: runs every script of package.json named `check:…`, also after one has failed. */
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const parts = Object.keys(scripts).filter((name) => name.startsWith('check:'));
const failed = parts.filter((name) => spawnSync('npm', ['run', name], { stdio: 'inherit' }).status !== 0);
if (failed.length > 0) process.stderr.write(`\nFailed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
