import { execFile } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const INSTALL_MS = 480_000;

/** `dir` has the package and all that it needs. `missing` is the reason why it is not there (no registry). */
export type NodeEnvironment = { readonly dir: string } | { readonly missing: string };

/** Installs an npm package into this user's cache, at first use. For programs that are too heavy for `devDependencies`. */
export async function installNode(name: string, version: string): Promise<NodeEnvironment> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'validatr');
  const environment = join(cache, `${name}-${version}`);
  const dir = join(environment, 'node_modules', name);
  if (await hasVersion(environment, name, version)) return { dir };
  try {
    await rm(environment, { recursive: true, force: true });
    await mkdir(environment, { recursive: true });
    const quietly = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    await run('npm', ['install', '--prefix', environment, ...quietly, `${name}@${version}`], {
      cwd: environment,
      timeout: INSTALL_MS,
    });
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    return { missing: `${name} can't be installed: ${reason}` };
  }
  return { dir };
}

/** npm writes this file last, so an installation that was cut off has none. */
async function hasVersion(environment: string, name: string, version: string): Promise<boolean> {
  try {
    const lock = await readFile(join(environment, 'node_modules', '.package-lock.json'), 'utf8');
    const { packages } = JSON.parse(lock) as { packages: Record<string, { version: string }> };
    return packages[`node_modules/${name}`]?.version === version;
  } catch {
    return false;
  }
}
