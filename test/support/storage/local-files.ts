import { appendFile, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ObjectStore } from './object-store.ts';

/** Files of this machine. A test as root can read every file, so the forbidden one lies outside of the roots. */
export async function startLocalFiles(): Promise<ObjectStore & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'validatr-files-'));
  const outside = await mkdtemp(join(tmpdir(), 'validatr-outside-'));
  await writeFile(join(outside, 'a.jpg'), 'closed');
  await symlink(join(outside, 'a.jpg'), join(dir, 'forbidden.jpg'));
  return {
    dir,
    profiles: {},
    pathOf: (name) => ({ location: 'local', path: join(dir, name) }),
    async put(name, content) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), content);
    },
    async grow(name, content) {
      const { size } = await stat(join(dir, name));
      await appendFile(join(dir, name), content.subarray(size));
    },
    forbiddenCause: 'symlink_outside',
    forbidden: { location: 'local', path: join(dir, 'forbidden.jpg') },
    async close() {
      await Promise.all([dir, outside].map((each) => rm(each, { recursive: true })));
    },
  };
}
