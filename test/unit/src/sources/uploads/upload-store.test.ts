import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../../src/domain/errors.ts';
import { createDisk } from '../../../../../src/sources/uploads/disk.ts';
import { createUploadFiles } from '../../../../../src/sources/uploads/upload-source.ts';
import { createUploadStore } from '../../../../../src/sources/uploads/upload-store.ts';
import { openUploadsDir } from '../../../../../src/sources/uploads/uploads-dir.ts';
import { mountOver, unmount } from '../../../../support/uploads/mount.ts';

const MIB = 1024 * 1024;
const TROUBLE = { code: 'storage_unavailable' };

describe('the directory of uploads', () => {
  let base: string;
  let path: string;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'validatr-uploads-'));
    path = join(base, 'uploads');
    await mkdir(path);
  });
  afterEach(() => rm(base, { recursive: true }));

  function open({ maxBytes = 4 * MIB, keepFreeBytes = 0 } = {}) {
    const dir = openUploadsDir(path, { writes: true });
    const store = createUploadStore({ dir, disk: createDisk({ places: 4, keepFreeBytes }), maxBytes });
    // As a worker reads them.
    return { store, files: createUploadFiles(openUploadsDir(path, { writes: false })) };
  }

  async function* bodyOf(...chunks: (Buffer | Error)[]): AsyncGenerator<Buffer> {
    for (const chunk of chunks) {
      if (chunk instanceof Error) throw chunk;
      yield chunk;
    }
  }

  const filesLeft = async () =>
    (await readdir(path, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name !== '.validatr-uploads')
      .map(({ name }) => name);

  it('keeps what a tenant uploads, byte by byte, where only this tenant finds it', async () => {
    const { store, files } = open();
    const bytes = randomBytes(3 * MIB);
    const uploaded = await store.keep('own', bodyOf(bytes.subarray(0, 100), bytes.subarray(100)), null);
    expect(uploaded).toEqual({
      uploadId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    const file = await files.open(uploaded.uploadId, 'own');
    if ('unreachable' in file) throw new Error(file.unreachable);
    expect(bytes.equals(await file.read(0, file.bytes))).toBe(true);
    await file.close();
    expect(await files.stat(uploaded.uploadId.toUpperCase(), 'own')).toEqual({ bytes: bytes.length });
    expect(await files.stat(uploaded.uploadId, 'other')).toEqual({ unreachable: 'not_found' });
    await store.remove('other', uploaded.uploadId);
    expect(await filesLeft()).toEqual([uploaded.uploadId]);
    await store.remove('own', uploaded.uploadId);
    await store.remove('own', uploaded.uploadId);
    expect(await files.open(uploaded.uploadId, 'own')).toEqual({ unreachable: 'not_found' });
  });

  it.each(['', '.', '..', '../x', '.validatr-uploads', 'a/b', '\0'])('finds nothing under %j', async (id) => {
    const { store, files } = open();
    await store.keep('own', bodyOf(Buffer.from('a')), null);
    expect(await files.stat(id, 'own')).toEqual({ unreachable: 'not_found' });
  });

  it('keeps an empty file, too', async () => {
    const { store, files } = open();
    const { uploadId } = await store.keep('own', bodyOf(), 0);
    expect(await files.stat(uploadId, 'own')).toEqual({ bytes: 0 });
  });

  it('keeps nothing of a body that is too large, and reads none that says so', async () => {
    const { store } = open({ maxBytes: 1000 });
    const error = { code: 'upload_too_large', message: expect.stringContaining('at most') };
    await expect(store.keep('own', bodyOf(Buffer.alloc(600), Buffer.alloc(401)), null)).rejects.toMatchObject(
      error,
    );
    await expect(store.keep('own', bodyOf(new Error('was read')), 1001)).rejects.toMatchObject(error);
    expect(await filesLeft()).toEqual([]);
  });

  it('keeps nothing of a body that breaks off or is shorter than it says', async () => {
    const { store } = open();
    const cut = bodyOf(Buffer.alloc(600), new AppError('malformed_upload'));
    await expect(store.keep('own', cut, 1000)).rejects.toMatchObject({ code: 'malformed_upload' });
    const short = bodyOf(Buffer.alloc(600));
    await expect(store.keep('own', short, 601)).rejects.toMatchObject({ code: 'malformed_upload' });
    expect(await filesLeft()).toEqual([]);
  });

  it('keeps nothing on a disk that gets full meanwhile, and reads no body for which there is no room', async ({
    skip,
  }) => {
    if (!mountOver(path, '2m')) skip('this user may not mount');
    try {
      const { store } = open();
      const body = bodyOf(...Array.from({ length: 40 }, () => Buffer.alloc(65_536)));
      await expect(store.keep('own', body, null)).rejects.toMatchObject({ code: 'uploads_full' });
      const unread = bodyOf(new Error('was read'));
      await expect(store.keep('own', unread, 3 * MIB)).rejects.toMatchObject({ code: 'uploads_full' });
      expect(await filesLeft()).toEqual([]);
      const { uploadId } = await store.keep('own', bodyOf(Buffer.alloc(65_536)), null);
      expect(await filesLeft()).toEqual([uploadId]);
    } finally {
      unmount(path);
    }
  });

  it.each([
    ['with their lengths', 12 * MIB],
    ['without', null],
  ])('leaves the room that has to stay free to many uploads at once, %s', async (_how, length) => {
    if (!mountOver(path, '96m')) return;
    try {
      const { store } = open({ maxBytes: 16 * MIB, keepFreeBytes: 48 * MIB });
      let least = Number.POSITIVE_INFINITY;
      async function* body() {
        for (let sent = 0; sent < 12; sent += 1) {
          yield Buffer.alloc(MIB);
          const { bavail, bsize } = await statfs(path);
          least = Math.min(least, bavail * bsize);
        }
      }
      const all = await Promise.allSettled(
        Array.from({ length: 12 }, () => store.keep('own', body(), length)),
      );
      expect(least).toBeGreaterThanOrEqual(48 * MIB);
      for (const result of all)
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'uploads_full' });
      const kept = all.filter(({ status }) => status === 'fulfilled').length;
      if (length !== null) expect(kept).toBeGreaterThanOrEqual(2);
    } finally {
      unmount(path);
    }
  });

  it('stops before the disk is full', async () => {
    const { store } = open({ keepFreeBytes: 2 ** 60 });
    await expect(store.keep('own', bodyOf(), 0)).rejects.toMatchObject({ code: 'uploads_full' });
  });

  it('is trouble, never a verdict, while it is missing, or another one is in its place', async () => {
    const { store, files } = open();
    const { uploadId } = await store.keep('own', bodyOf(Buffer.from('a')), 1);
    expect(await files.stat('none', 'own')).toEqual({ unreachable: 'not_found' });
    const away = join(base, 'away');
    await rename(path, away);
    await expect(files.stat(uploadId, 'own')).rejects.toMatchObject(TROUBLE);
    await expect(store.keep('own', bodyOf(), 0)).rejects.toMatchObject(TROUBLE);
    await mkdir(path);
    await expect(files.stat(uploadId, 'own')).rejects.toMatchObject(TROUBLE);
    await expect(files.open(uploadId, 'own')).rejects.toMatchObject(TROUBLE);
    await expect(store.keep('own', bodyOf(), 0)).rejects.toMatchObject(TROUBLE);
    expect(await readdir(path)).toEqual([]);
    await rm(path, { recursive: true });
    await rename(away, path);
    expect(await files.stat(uploadId, 'own')).toEqual({ bytes: 1 });
  });

  it('is trouble for a worker that does not share it with an API', async () => {
    const { files } = open();
    await expect(files.stat('none', 'own')).rejects.toMatchObject(TROUBLE);
  });

  it('says what is wrong with it once, and when it is back', async () => {
    const changes: unknown[] = [];
    const dir = openUploadsDir(path, { writes: true, onChange: (trouble) => changes.push(trouble) });
    const isThere = () =>
      dir.requireThere().then(
        () => true,
        () => false,
      );
    expect(await isThere()).toBe(true);
    await rename(path, join(base, 'away'));
    expect([await isThere(), await isThere()]).toEqual([false, false]);
    await rename(join(base, 'away'), path);
    expect(await isThere()).toBe(true);
    expect(changes).toEqual(['uploads_missing', null]);
  });
});
