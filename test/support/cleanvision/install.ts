import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '0.3.7';
/** Those that its numbers come from are pinned as well. */
const PACKAGES = [
  `cleanvision==${VERSION}`,
  'pillow==13.0.0',
  'numpy==2.4.6',
  'scipy==1.17.1',
  'pandas==3.1.1',
  'imagehash==4.3.2',
];
export const INSTALL_MS = 300_000;

export type Installed = { readonly python: string } | { readonly missing: string };

/** In this user's cache, made at first use; `missing` says why there is none (no python, no PyPI). */
export async function installCleanVision(): Promise<Installed> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'validatr');
  const environment = join(cache, `cleanvision-${VERSION}`);
  const python = join(environment, 'bin', 'python');
  if (await works(python)) return { python };
  try {
    await mkdir(cache, { recursive: true });
    await rm(environment, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', environment]);
    const quietly = ['--quiet', '--disable-pip-version-check', '--retries=2'];
    await run(python, ['-m', 'pip', 'install', ...quietly, ...PACKAGES], { timeout: INSTALL_MS });
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    return { missing: `cleanvision ${VERSION} can't be installed: ${reason}` };
  }
  return { python };
}

/** Every package is there: an installation that was cut off is none. */
async function works(python: string): Promise<boolean> {
  return run(python, ['-m', 'pip', 'freeze', '--disable-pip-version-check']).then(
    ({ stdout }) => PACKAGES.every((name) => stdout.toLowerCase().includes(name)),
    () => false,
  );
}
