import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileSource } from '../../../../src/sources/file-source.ts';
import { createLocalSource } from '../../../../src/sources/local.ts';
import type { Unreachable } from '../../../../src/domain/sources/unreachable.ts';
import { openRoots } from '../../../../src/sources/roots.ts';
import { expectWithin } from '../../../support/machine-pace.ts';

describe('the local source', () => {
  let base: string;
  let source: FileSource;

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
    await symlink('.', join(base, 'assets/here'));
    await symlink('../up', join(base, 'assets/sub/up'));
    for (const name of ['assets-evil', 'assets-none'])
      await symlink(`../${name}`, join(base, `assets/to-${name}`));
    await symlink('loop.jpg', join(base, 'assets/loop.jpg'));
    await symlink('/dev/zero', join(base, 'assets/zero.jpg'));
    execFileSync('mkfifo', [join(base, 'assets/fifo.jpg')]);
    source = createLocalSource({ base, roots: await openRoots([join(base, 'assets')]) });
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  /** The content of the file, or why it is not reachable. */
  async function read(path: string): Promise<string | Unreachable> {
    const [found, file] = [await source.stat(path), await source.open(path)];
    if ('unreachable' in file) {
      expect(found).toEqual(file);
      return file;
    }
    expect(found).toEqual({ bytes: file.bytes });
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
    expect(await read(path)).toBe(content);
    expect(await read(join(base, path))).toBe(content);
  });

  it.each([
    ['', 'outside_roots'],
    ['.', 'outside_roots'],
    ['/', 'outside_roots'],
    ['assets', 'not_a_file'],
    ['assets/', 'not_a_file'],
    ['assets/sub', 'not_a_file'],
    ['assets/missing.jpg', 'not_found'],
    ['assets/a.jpg/b', 'not_found'],
    ['assets/a.jpg/', 'not_found'],
    ['assets/a.jpg/.', 'not_found'],
    ['assets/missing/../a.jpg', 'not_found'],
    ['outside.jpg', 'outside_roots'],
    ['assets/../outside.jpg', 'outside_roots'],
    ['assets/up/outside.jpg', 'symlink_outside'],
    ['assets/out.jpg', 'symlink_outside'],
    ['assets/loop.jpg', 'loop'],
    ['assets/zero.jpg', 'symlink_outside'],
    ['assets/fifo.jpg', 'not_a_file'],
    ['assets-evil/c.jpg', 'outside_roots'],
    ['/etc/passwd', 'outside_roots'],
    ['/dev/null', 'outside_roots'],
    ['/proc/self/environ', 'outside_roots'],
    ['assets/a.jpg\0.png', 'invalid_path'],
    [`assets/${'x'.repeat(300)}`, 'name_too_long'],
    ['x/'.repeat(3000), 'outside_roots'],
    ['..%2foutside.jpg', 'outside_roots'],
    ['assets/..\\outside.jpg', 'not_found'],
    ['file:///etc/passwd', 'outside_roots'],
  ])('does not reach %j, quickly, and says %s', async (path, cause) => {
    const begin = performance.now();
    expect(await read(path)).toEqual({ unreachable: cause });
    expectWithin(performance.now() - begin, 1_000);
  });

  it('does not reach a file that it may not read, and says so', async () => {
    await writeFile(join(base, 'assets/unreadable.jpg'), 'x', { mode: 0o000 });
    await mkdir(join(base, 'assets/locked'), { mode: 0o000 });
    await chmod(base, 0o755);
    // Root may read everything.
    const uid = process.geteuid?.();
    if (uid === 0) process.seteuid?.(65_534);
    try {
      // `stat` asks for the user who started the process, so only `open` can be tried here.
      for (const path of ['assets/unreadable.jpg', 'assets/locked/a.jpg'])
        expect(await source.open(path)).toEqual({ unreachable: 'permission' });
    } finally {
      if (uid === 0) process.seteuid?.(0);
    }
  });

  it.each([
    // Each directory exists outside the roots, and then it does not.
    ['{}', 'outside_roots'],
    ['{}/x.jpg', 'outside_roots'],
    ['assets/up/{}', 'symlink_outside'],
    ['assets/up/{}/x.jpg', 'symlink_outside'],
    ['assets/sub/up/{}/x.jpg', 'symlink_outside'],
    ['assets/up/{}/../assets/a.jpg', 'symlink_outside'],
    ['assets/here/../{}', 'symlink_outside'],
    ['assets/to-{}', 'symlink_outside'],
  ])('gives the same answer to %s whether that exists outside or not', async (pattern, cause) => {
    for (const name of ['assets-evil', 'assets-none'])
      expect(await read(pattern.replace('{}', name)), name).toEqual({ unreachable: cause });
  });

  it('takes `..` before a root by its text, because the system would tell what exists there', async () => {
    for (const name of ['assets-evil', 'assets-none'])
      expect(await read(`${name}/../assets/a.jpg`)).toBe('assets/a.jpg');
  });

  it.runIf(process.platform === 'linux')(
    'reads a file whose name is not UTF-8, through a link that has a name of text',
    async () => {
      const name = Buffer.from([0x62, 0xff, 0xfe, 0x2e, 0x6a, 0x70, 0x67]);
      await writeFile(Buffer.concat([Buffer.from(`${base}/assets/`), name]), 'named in bytes');
      await symlink(name, join(base, 'assets/named.jpg'));
      expect(await read('assets/named.jpg')).toBe('named in bytes');
    },
  );

  it('follows links from root to root, and paths that come to a root by a link', async () => {
    await mkdir(join(base, 'more'));
    await writeFile(join(base, 'more/d.jpg'), 'more/d.jpg');
    await symlink(join(base, 'more/d.jpg'), join(base, 'assets/other-root.jpg'));
    await symlink('assets', join(base, 'alias'));
    const roots = await openRoots([join(base, 'assets'), join(base, 'more')]);
    source = createLocalSource({ base, roots });
    expect(await read('assets/other-root.jpg')).toBe('more/d.jpg');
    expect(await read('alias/a.jpg')).toBe('assets/a.jpg');
    expect(await read('alias/missing.jpg')).toEqual({ unreachable: 'outside_roots' });
  });

  it('does not reach a socket', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(base, 'assets/socket.jpg'), resolve));
    expect(await read('assets/socket.jpg')).toEqual({ unreachable: 'not_a_file' });
    await new Promise((resolve) => server.close(resolve));
  });
});
