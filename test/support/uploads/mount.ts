import { execFileSync } from 'node:child_process';

/** Mounts a file system in memory over a directory. False if the system does not let this user mount. */
export function mountOver(dir: string, size = '64m'): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'validatr-test', dir], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function unmount(dir: string): void {
  execFileSync('umount', [dir]);
}
