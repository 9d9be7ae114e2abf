import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileSource } from '../../../../src/sources/file-source.ts';
import { createLocalSource, spellPath } from '../../../../src/sources/local.ts';
import { createRootsLook, openRoots } from '../../../../src/sources/roots.ts';

describe('asset roots', () => {
  let base: string;
  let root: string;
  let source: FileSource;
  let changes: (string | null)[];

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'validatr-roots-'));
    root = join(base, 'mount/assets');
    for (const dir of [root, join(base, 'more')]) await mkdir(dir, { recursive: true });
    await writeFile(join(root, 'a.jpg'), 'a');
    await writeFile(join(base, 'more/b.jpg'), 'b');
    await symlink(join(root, 'a.jpg'), join(base, 'more/link.jpg'));
    changes = [];
    const roots = await openRoots([root, join(base, 'more')], {
      onChange: (path, trouble) => changes.push(`${path.slice(base.length)} ${trouble ?? 'is back'}`),
    });
    source = createLocalSource({ base, roots });
  });
  afterEach(() => rm(base, { recursive: true }));

  const TROUBLE = { code: 'storage_unavailable' };

  /** Neither step may give a verdict on the path. */
  async function expectTrouble(path: string): Promise<void> {
    await expect(source.stat(path)).rejects.toMatchObject(TROUBLE);
    await expect(source.open(path)).rejects.toMatchObject(TROUBLE);
  }

  async function expectFound(path: string): Promise<void> {
    expect(await source.stat(path)).toEqual({ bytes: 1 });
    const file = await source.open(path);
    expect(file).toMatchObject({ bytes: 1 });
    if ('close' in file) await file.close();
  }

  it('that are missing make no asset unreachable, and are used again when they are back', async () => {
    await expectFound('mount/assets/a.jpg');
    await rename(root, join(base, 'away'));
    await expectTrouble('mount/assets/a.jpg');
    await expectTrouble('more/link.jpg');
    await expectFound('more/b.jpg');
    await rename(join(base, 'away'), root);
    await expectFound('mount/assets/a.jpg');
    expect(await source.stat('mount/assets/none.jpg')).toEqual({ unreachable: 'not_found' });
    expect(changes).toEqual(['/mount/assets missing', '/mount/assets is back']);
  });

  it('that come back between the look at an asset and the look at them make no asset unreachable', async () => {
    const roots = await openRoots([root]);
    const away = join(base, 'away');
    const isAway = { ...roots, requireAll: () => rename(away, root).then(() => roots.requireAll()) };
    const late = createLocalSource({ base, roots: isAway });
    await rename(root, away);
    expect(await late.stat('mount/assets/a.jpg')).toEqual({ bytes: 1 });
    await rename(root, away);
    const file = await late.open('mount/assets/a.jpg');
    expect(file).toMatchObject({ bytes: 1 });
    if ('close' in file) await file.close();
  });

  it('that are another directory than at start give no verdict, whatever lies there', async () => {
    await rename(root, join(base, 'away'));
    await mkdir(root);
    await expectTrouble('mount/assets/a.jpg');
    await writeFile(join(root, 'a.jpg'), 'stale');
    await expectTrouble('mount/assets/a.jpg');
    expect(changes).toEqual(['/mount/assets replaced']);
  });

  it('that are emptied in place give no verdict until something is there again', async () => {
    await rm(join(root, 'a.jpg'));
    await expectTrouble('mount/assets/a.jpg');
    await expectTrouble('more/link.jpg');
    await writeFile(join(root, 'c.jpg'), 'c');
    expect(await source.stat('mount/assets/a.jpg')).toEqual({ unreachable: 'not_found' });
    expect(changes).toEqual(['/mount/assets empty', '/mount/assets is back']);
  });

  it('that were empty at start give verdicts while they are empty', async () => {
    await rm(join(root, 'a.jpg'));
    const roots = await openRoots([root]);
    const { stat } = createLocalSource({ base, roots });
    expect(await stat('mount/assets/a.jpg')).toEqual({ unreachable: 'not_found' });
  });

  it('that are the same directory by another way give no verdict', async () => {
    await rename(join(base, 'mount'), join(base, 'moved'));
    await symlink('moved', join(base, 'mount'));
    await expectTrouble('mount/assets/a.jpg');
  });

  it('are looked at once at a time, and the answer names no path', async () => {
    const look = createRootsLook(await openRoots([root]));
    expect(await look()).toBeNull();
    await rename(root, join(base, 'away'));
    const [one, other] = [look(), look()];
    expect(one).toBe(other);
    expect(await one).toBe('an asset root is missing');
    await rename(join(base, 'away'), root);
    expect(await look()).toBeNull();
  });

  describe('give one spelling to all paths of a file', () => {
    it.each([
      'mount/assets/a.jpg',
      './mount/assets/a.jpg',
      'mount//assets/./a.jpg',
      'mount/assets/sub/../a.jpg',
      'more/../mount/assets/a.jpg',
      '/mount/assets/a.jpg',
      '/linked/a.jpg',
    ])('%s', async (path) => {
      const linked = join(base, 'linked');
      await symlink(root, linked);
      const roots = await openRoots([root, linked]);
      const given = path.startsWith('/') ? join(base, path) : path;
      expect(spellPath(given, { base, roots })).toBe(join(root, 'a.jpg'));
    });

    it('but not to those of other files, and none to a path outside', async () => {
      const roots = await openRoots([root, join(base, 'more')]);
      const spelled = (path: string) => spellPath(path, { base, roots });
      expect(spelled('more/ü.jpg')).toBe(join(base, 'more/ü.jpg'));
      expect(spelled('more/link.jpg')).toBe(join(base, 'more/link.jpg'));
      expect(spelled('mount/assets/A.jpg')).toBe(join(root, 'A.jpg'));
      expect(spelled('./elsewhere/a.jpg')).toBe('./elsewhere/a.jpg');
      expect(spelled('mount/assets/../../more')).toBe(join(base, 'more'));
    });
  });

  it.each([
    ['is missing', 'none', 'ENOENT'],
    ['is a file', 'more/b.jpg', 'it is not a directory'],
  ])('do not open if one %s, and the message says what to do', async (_what, path, reason) => {
    await expect(openRoots([root, join(base, path)])).rejects.toThrow(
      `The asset root ${join(base, path)} is not there (${reason}). Create or mount it, or correct ASSET_ROOTS.`,
    );
  });
});
