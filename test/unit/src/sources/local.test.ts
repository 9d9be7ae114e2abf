import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AssetSource } from '../../../../src/domain/ports/sources.ts';
import { createLocalSource } from '../../../../src/sources/local.ts';
import { openRoots } from '../../../../src/sources/roots.ts';
import { expectWithin } from '../../../support/machine-pace.ts';

describe('the local source', () => {
  let base: string;
  let source: AssetSource;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'validatr-local-'));
    await mkdir(join(base, 'assets/sub'), { recursive: true });
    await mkdir(join(base, 'assets-evil'));
    for (const path of ['assets/a.jpg', 'assets/sub/b.jpg', 'assets-evil/c.jpg', 'outside.jpg']) {
      await writeFile(join(base, path), path);
    }
    await writeFile(join(base, 'assets/empty.jpg'), '');
    await symlink('a.jpg', join(base, 'assets/inside.jpg'));
    await symlink('../outside.jpg', join(base, 'assets/out.jpg'));
    await symlink('..', join(base, 'assets/up'));
    await symlink('loop.jpg', join(base, 'assets/loop.jpg'));
    await symlink('/dev/zero', join(base, 'assets/zero.jpg'));
    execFileSync('mkfifo', [join(base, 'assets/fifo.jpg')]);
    source = createLocalSource({ base, roots: await openRoots([join(base, 'assets')]) });
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  async function contentOf(path: string): Promise<string | null> {
    const [found, file] = [await source.stat(path), await source.open(path)];
    expect(found?.bytes).toBe(file?.bytes);
    if (file === null) return null;
    try {
      return (await file.read(0, file.bytes)).toString();
    } finally {
      await file.close();
    }
  }

  it.each([
    ['assets/a.jpg', 'assets/a.jpg'],
    ['./assets/a.jpg', 'assets/a.jpg'],
    ['assets/sub/../a.jpg', 'assets/a.jpg'],
    ['assets/../assets/sub/b.jpg', 'assets/sub/b.jpg'],
    ['assets/inside.jpg', 'assets/a.jpg'],
    ['assets/empty.jpg', ''],
  ])('reads %s', async (path, content) => {
    expect(await contentOf(path)).toBe(content);
    expect(await contentOf(join(base, path))).toBe(content);
  });

  it.each([
    '',
    '.',
    '/',
    'assets',
    'assets/',
    'assets/missing.jpg',
    'assets/a.jpg/b',
    'assets/a.jpg/',
    'assets/a.jpg/.',
    'assets/missing/../a.jpg',
    'outside.jpg',
    'assets/../outside.jpg',
    'assets/up/outside.jpg',
    'assets/out.jpg',
    'assets/loop.jpg',
    'assets/zero.jpg',
    'assets/fifo.jpg',
    'assets-evil/c.jpg',
    '/etc/passwd',
    '/dev/null',
    '/proc/self/environ',
    'assets/a.jpg\0.png',
    `assets/${'x'.repeat(300)}`,
    'x/'.repeat(3000),
    '..%2foutside.jpg',
    'assets/..\\outside.jpg',
    'file:///etc/passwd',
  ])('does not reach %j, quickly', async (path) => {
    const begin = performance.now();
    expect(await contentOf(path)).toBeNull();
    expectWithin(performance.now() - begin, 1_000);
  });

  it('does not reach a socket', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(base, 'assets/socket.jpg'), resolve));
    expect(await contentOf('assets/socket.jpg')).toBeNull();
    await new Promise((resolve) => server.close(resolve));
  });
});
