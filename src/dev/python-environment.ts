import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { takeLock } from './lock.ts';

const run = promisify(execFile);

const INSTALL_MS = 480_000;

/** `bin` has python and the programs of its packages. `missing` is the reason why there is none (no python, no PyPI). */
export type PythonEnvironment = { readonly bin: string } | { readonly missing: string };

/**
 * Installs packages into an environment in this user's cache, at first use.
 * @param packages `name==version` or `name[extra]==version`; the environment is named after the first
 */
export async function installPython(packages: readonly [string, ...string[]]): Promise<PythonEnvironment> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'validatr');
  const environment = join(cache, withoutExtra(packages[0]).replace('==', '-'));
  const bin = join(environment, 'bin');
  const python = join(bin, 'python');
  if (await hasAll(python, packages)) return { bin };
  await mkdir(cache, { recursive: true });
  const lockFile = `${environment}.lock`;
  while ((await takeLock(lockFile, 'node')) !== null)
    await new Promise((resolve) => setTimeout(resolve, 500));
  try {
    // Another process may have installed them meanwhile.
    if (await hasAll(python, packages)) return { bin };
    await rm(environment, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', environment]);
    const quietly = ['--quiet', '--disable-pip-version-check', '--retries=2'];
    await run(python, ['-m', 'pip', 'install', ...quietly, ...packages], { timeout: INSTALL_MS });
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    return { missing: `${packages[0]} can't be installed: ${reason}` };
  } finally {
    await rm(lockFile, { force: true });
  }
  return { bin };
}

/** Whether all packages are there. An installation that was cut off does not count. */
async function hasAll(python: string, packages: readonly string[]): Promise<boolean> {
  return run(python, ['-m', 'pip', 'freeze', '--disable-pip-version-check']).then(
    ({ stdout }) => packages.every((name) => stdout.toLowerCase().split('\n').includes(withoutExtra(name))),
    () => false,
  );
}

function withoutExtra(name: string): string {
  return name.replace(/\[.*\]/, '');
}
