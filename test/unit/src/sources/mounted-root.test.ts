import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLocalSource } from '../../../../src/sources/local.ts';
import { openRoots } from '../../../../src/sources/roots.ts';
import { mountOver, unmount } from '../../../support/uploads/mount.ts';

describe('an asset root that becomes another device', () => {
  let base: string;
  let root: string;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'validatr-mount-'));
    root = join(base, 'assets');
    await mkdir(root);
    await writeFile(join(root, 'a.jpg'), 'a');
  });
  afterEach(() => rm(base, { recursive: true }));

  it('is trouble, never a verdict, and is used again when the device is back', async ({ skip }) => {
    const source = createLocalSource({ base, roots: await openRoots([root]) });
    if (!mountOver(root)) skip('this user may not mount');
    try {
      for (const path of ['assets/a.jpg', 'assets/none.jpg'])
        await expect(source.stat(path)).rejects.toMatchObject({ code: 'storage_unavailable' });
      await writeFile(join(root, 'a.jpg'), 'stale');
      await expect(source.open('assets/a.jpg')).rejects.toMatchObject({ code: 'storage_unavailable' });
    } finally {
      unmount(root);
    }
    expect(await source.stat('assets/a.jpg')).toEqual({ bytes: 1 });
  });
});
