import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../../src/domain/errors.ts';
import type { UploadPart } from '../../../../../src/domain/ports/uploads.ts';
import { createDisk } from '../../../../../src/sources/uploads/disk.ts';
import { createResumableUploads } from '../../../../../src/sources/uploads/resumable-store.ts';
import { createUploadFiles } from '../../../../../src/sources/uploads/upload-source.ts';
import { openUploadsDir } from '../../../../../src/sources/uploads/uploads-dir.ts';
import { eventually } from '../../../../support/eventually.ts';

const HOUR_MS = 3_600_000;

describe('resumable uploads', () => {
  let base: string;
  let path: string;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'validatr-resumable-'));
    path = join(base, 'uploads');
    await mkdir(path);
  });
  afterEach(() => rm(base, { recursive: true }));

  const dir = () => openUploadsDir(path, { writes: true });

  /** As a process opens them when it starts. */
  function open({ maxBytes = 4_096, keepFreeBytes = 0, keepMs = HOUR_MS } = {}) {
    return createResumableUploads({
      dir: dir(),
      disk: createDisk({ places: 4, keepFreeBytes }),
      maxBytes,
      keepMs,
    });
  }

  const begun = (length: number) => ({ length, metadata: null });

  function part(offset: number, bytes: Buffer | Error, more: Partial<UploadPart> = {}): UploadPart {
    async function* body() {
      if (bytes instanceof Error) throw bytes;
      yield bytes;
    }
    return { offset, bytes: null, body: body(), checksum: null, ...more };
  }

  /** What an asset finds. */
  async function asset(uploadId: string, tenant = 'own') {
    return createUploadFiles(openUploadsDir(path, { writes: false })).stat(uploadId, tenant);
  }

  it('are found by assets once they are whole, byte by byte, and by their tenant only', async () => {
    const bytes = randomBytes(1_000);
    const store = open();
    const { uploadId } = await store.create('own', { length: 1_000, metadata: 'filename YQ==' });
    expect(await store.append('own', uploadId, part(0, bytes.subarray(0, 300)))).toMatchObject({
      offset: 300,
    });
    expect(await asset(uploadId)).toEqual({ unreachable: 'incomplete' });
    expect(await store.find('own', uploadId)).toMatchObject({
      offset: 300,
      length: 1_000,
      metadata: 'filename YQ==',
    });
    expect(await store.find('other', uploadId)).toBeNull();
    expect(await store.append('other', uploadId, part(300, bytes.subarray(300)))).toBeNull();
    expect(await store.remove('other', uploadId)).toBe(false);

    // Another process goes on.
    const next = open();
    expect(await next.append('own', uploadId, part(300, bytes.subarray(300)))).toMatchObject({
      offset: 1_000,
    });
    expect(await asset(uploadId)).toEqual({ bytes: 1_000 });
    expect(await asset(uploadId, 'other')).toEqual({ unreachable: 'not_found' });
    expect(bytes.equals(await readFile(join(dir().of('own'), uploadId)))).toBe(true);
    expect(await next.find('own', uploadId)).toMatchObject({ offset: 1_000, expiresAt: null });

    expect(await next.remove('own', uploadId)).toBe(true);
    expect(await next.find('own', uploadId)).toBeNull();
    expect(await asset(uploadId)).toEqual({ unreachable: 'not_found' });
  });

  it('that are empty are whole at once', async () => {
    const { uploadId } = await open().create('own', begun(0));
    expect(await asset(uploadId)).toEqual({ bytes: 0 });
  });

  it('become whole although the process died before it could say so', async () => {
    const { uploadId } = await open().create('own', begun(3));
    const place = join(dir().of('own'), uploadId);
    await open().append('own', uploadId, part(0, Buffer.from('abc')));
    await rename(place, `${place}.part`);
    expect(await open().find('own', uploadId)).toMatchObject({ offset: 3, expiresAt: null });
    expect(await asset(uploadId)).toEqual({ bytes: 3 });
  });

  it('keep what came of a part that breaks off', async () => {
    const store = open();
    const { uploadId } = await store.create('own', begun(10));
    async function* body() {
      yield Buffer.from('abcd');
      throw new AppError('malformed_upload');
    }
    await expect(
      store.append('own', uploadId, { ...part(0, Buffer.alloc(0)), body: body() }),
    ).rejects.toMatchObject({ code: 'malformed_upload' });
    expect(await store.find('own', uploadId)).toMatchObject({ offset: 4 });
  });

  it('take a part with a checksum as a whole only', async () => {
    const store = open();
    const { uploadId } = await store.create('own', begun(10));
    const bytes = Buffer.from('0123456789');
    const right = { algorithm: 'sha1', base64: createHash('sha1').update(bytes).digest('base64') } as const;
    const wrong = { ...right, base64: right.base64.toLowerCase() };
    await expect(store.append('own', uploadId, part(0, bytes, { checksum: wrong }))).rejects.toMatchObject({
      code: 'upload_checksum_mismatch',
    });
    expect(await store.find('own', uploadId)).toMatchObject({ offset: 0 });
    async function* half() {
      yield bytes.subarray(0, 5);
      throw new AppError('malformed_upload');
    }
    await expect(
      store.append('own', uploadId, { ...part(0, bytes, { checksum: right }), body: half() }),
    ).rejects.toMatchObject({ code: 'malformed_upload' });
    expect(await store.find('own', uploadId)).toMatchObject({ offset: 0 });
    expect(await store.append('own', uploadId, part(0, bytes, { checksum: right }))).toMatchObject({
      offset: 10,
    });
  });

  it('refuse a part that begins elsewhere, and one with more bytes than were announced', async () => {
    const store = open();
    const { uploadId } = await store.create('own', begun(4));
    await store.append('own', uploadId, part(0, Buffer.from('ab')));
    for (const offset of [0, 1, 3])
      await expect(store.append('own', uploadId, part(offset, Buffer.from('x')))).rejects.toMatchObject({
        code: 'upload_offset_conflict',
      });
    for (const bytes of [3, null])
      await expect(
        store.append('own', uploadId, part(2, Buffer.from('cde'), { bytes })),
      ).rejects.toMatchObject({
        code: 'malformed_upload',
      });
    expect(await store.find('own', uploadId)).toMatchObject({ offset: 2 });
    await expect(store.create('own', begun(4_097))).rejects.toMatchObject({ code: 'upload_too_large' });
    await expect(
      open({ keepFreeBytes: Number.MAX_SAFE_INTEGER }).create('own', begun(1)),
    ).rejects.toMatchObject({
      code: 'uploads_full',
    });
  });

  it('end a request that hangs when the client comes back', async () => {
    const store = open();
    const { uploadId } = await store.create('own', begun(4));
    async function* body() {
      yield Buffer.from('ab');
      await new Promise(() => undefined);
    }
    const hanging = store.append('own', uploadId, { ...part(0, Buffer.alloc(0)), body: body() });
    hanging.catch(() => undefined);
    const place = join(dir().of('own'), `${uploadId}.part`);
    await eventually(async () => (await stat(place)).size === 2, { what: 'the first bytes' });
    expect(await store.find('own', uploadId)).toMatchObject({ offset: 2 });
    await expect(hanging).rejects.toMatchObject({ code: 'upload_taken_over' });
    expect(await store.append('own', uploadId, part(2, Buffer.from('cd')))).toMatchObject({ offset: 4 });
  });

  it('show no other process what of a part with a checksum has come, and lose nothing if that part ends', async () => {
    const [one, other] = [open(), open()];
    const bytes = randomBytes(1_000);
    const { uploadId } = await one.create('own', begun(1_000));
    const gate = { come: Promise.withResolvers<void>(), broken: Promise.withResolvers<void>() };
    async function* half() {
      yield bytes.subarray(0, 100);
      gate.come.resolve();
      await gate.broken.promise;
      throw new AppError('malformed_upload');
    }
    const checksum = {
      algorithm: 'sha256',
      base64: createHash('sha256').update(bytes).digest('base64'),
    } as const;
    const dead = one
      .append('own', uploadId, { ...part(0, bytes, { checksum }), body: half() })
      .catch(() => null);
    await gate.come.promise;
    expect(await other.find('own', uploadId)).toMatchObject({ offset: 0 });
    expect(await other.append('own', uploadId, part(0, bytes))).toMatchObject({ offset: 1_000 });
    gate.broken.resolve();
    await dead;
    expect(bytes.equals(await readFile(join(dir().of('own'), uploadId)))).toBe(true);
    expect((await readdir(dir().of('own'))).sort()).toEqual([uploadId, `${uploadId}.begun`].sort());
  });

  it('are not ended by another tenant that knows their id', async () => {
    const store = open();
    const { uploadId } = await store.create('own', begun(4));
    const gate = { come: Promise.withResolvers<void>(), rest: Promise.withResolvers<void>() };
    async function* body() {
      yield Buffer.from('ab');
      gate.come.resolve();
      await gate.rest.promise;
      yield Buffer.from('cd');
    }
    const sent = store.append('own', uploadId, { ...part(0, Buffer.alloc(0)), body: body() });
    await gate.come.promise;
    expect(await store.find('other', uploadId)).toBeNull();
    gate.rest.resolve();
    expect(await sent).toMatchObject({ offset: 4 });
  });

  it('that are whole take an empty part, and no other', async () => {
    const store = open();
    const { uploadId } = await store.create('own', begun(3));
    await store.append('own', uploadId, part(0, Buffer.from('abc')));
    expect(await store.append('own', uploadId, part(3, Buffer.alloc(0), { bytes: 0 }))).toMatchObject({
      offset: 3,
    });
    await expect(
      store.append('own', uploadId, part(3, Buffer.from('d'), { bytes: 1 })),
    ).rejects.toMatchObject({
      code: 'malformed_upload',
    });
  });

  it('say when they expire, counted from the last part', async () => {
    const store = open();
    const { uploadId } = await store.create('own', begun(4));
    const old = new Date(Date.now() - 10 * HOUR_MS);
    await utimes(join(dir().of('own'), `${uploadId}.part`), old, old);
    const found = await store.find('own', uploadId);
    expect(found?.expiresAt?.getTime()).toBeCloseTo(old.getTime() + HOUR_MS, -4);
    const added = await store.append('own', uploadId, part(0, Buffer.from('a')));
    expect(added?.expiresAt?.getTime()).toBeGreaterThan(Date.now());
    expect((await open({ keepMs: 0 }).find('own', uploadId))?.expiresAt).toBeNull();
  });

  it('are trouble, and not missing, while their directory is', async () => {
    const store = open();
    const { uploadId } = await store.create('own', begun(4));
    await rename(path, `${path}-away`);
    await expect(store.find('own', uploadId)).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(store.append('own', uploadId, part(0, Buffer.from('a')))).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
  });
});
