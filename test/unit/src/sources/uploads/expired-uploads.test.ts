import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDisk } from '../../../../../src/sources/uploads/disk.ts';
import { createExpiredUploads } from '../../../../../src/sources/uploads/expired-uploads.ts';
import { openUploadsDir, type UploadsDir } from '../../../../../src/sources/uploads/uploads-dir.ts';

const HOUR_MS = 3_600_000;

describe('uploads that are older than 10 hours', () => {
  let base: string;
  let dir: UploadsDir;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'validatr-expired-'));
    await mkdir(join(base, 'uploads'));
    dir = openUploadsDir(join(base, 'uploads'), { writes: true });
    await dir.requireThere();
  });
  afterEach(() => rm(base, { recursive: true }));

  const uploads = () => createExpiredUploads(dir, createDisk({ places: 2 }));
  const errors: unknown[] = [];
  const sweep = {
    findNeeded: () => Promise.resolve(new Set<string>()),
    mayGoOn: () => true,
    onError: (error: unknown) => void errors.push(error),
  };

  /** Makes the files of one upload. Each ending comes with the hours since it was changed. */
  async function add(begunHoursAgo: number, files: Record<string, number>, tenant = 'own'): Promise<string> {
    const uploadId = uuidv7({ msecs: Date.now() - begunHoursAgo * HOUR_MS });
    await mkdir(dir.of(tenant), { recursive: true });
    for (const [ending, hoursAgo] of Object.entries(files)) {
      const path = join(dir.of(tenant), uploadId + ending);
      const time = new Date(Date.now() - hoursAgo * HOUR_MS);
      await writeFile(path, 'x');
      await utimes(path, time, time);
    }
    return uploadId;
  }

  const left = async (tenant = 'own') => new Set(await readdir(dir.of(tenant)));

  it('are deleted with all their files, of every tenant, and newer ones are not', async () => {
    await add(11, { '': 11 });
    await add(11, { '': 11, '.begun': 11 });
    await add(11, { '.part': 11, '.begun': 11 });
    await add(11, { '.arriving': 11 });
    await add(11, { '': 11 }, 'other');
    const fresh = await add(1, { '': 1 });
    // Somebody still adds to it.
    const resumed = await add(20, { '.begun': 20, '.part': 1 });
    expect(await uploads().deleteOlderThan(10, sweep)).toBe(5);
    expect(await left()).toEqual(new Set([fresh, `${resumed}.begun`, `${resumed}.part`]));
    expect(await left('other')).toEqual(new Set());
  });

  it('stay while an asset without a verdict needs them', async () => {
    const needed = await add(11, { '': 11 });
    const other = await add(11, { '': 11 });
    const asked: string[] = [];
    const findNeeded = (ids: readonly string[]) => {
      asked.push(...ids);
      return Promise.resolve(new Set([needed]));
    };
    expect(await uploads().deleteOlderThan(10, { ...sweep, findNeeded })).toBe(1);
    expect(new Set(asked)).toEqual(new Set([needed, other]));
    expect(await left()).toEqual(new Set([needed]));
  });

  it('are asked for in batches', async () => {
    for (let index = 0; index < 21; index += 1) await add(11, { '': 11 });
    const sizes: number[] = [];
    const findNeeded = (ids: readonly string[]) => {
      sizes.push(ids.length);
      return sweep.findNeeded();
    };
    expect(await uploads().deleteOlderThan(10, { ...sweep, findNeeded })).toBe(21);
    expect(sizes).toEqual([20, 1]);
  });

  it('are the only files that are touched', async () => {
    await mkdir(join(dir.path, 'lost+found'));
    await writeFile(join(dir.path, 'lost+found', 'x'), 'x');
    await mkdir(dir.of('own'));
    await writeFile(join(dir.of('own'), 'note.txt'), 'x');
    expect(await uploads().deleteOlderThan(0, sweep)).toBe(0);
    expect(await left()).toEqual(new Set(['note.txt']));
    await uploads().delete({ tenant: 'own', uploadId: 'note.txt' });
    await uploads().delete({ tenant: 'own', uploadId: '../lost+found/x' });
    expect(await left()).toEqual(new Set(['note.txt']));
    expect(await readdir(join(dir.path, 'lost+found'))).toEqual(['x']);
  });

  it('go although one of them can not be deleted, and that is told', async () => {
    errors.length = 0;
    const stuck = await add(11, {});
    await mkdir(join(dir.of('own'), stuck), { recursive: true });
    const time = new Date(Date.now() - 11 * HOUR_MS);
    await utimes(join(dir.of('own'), stuck), time, time);
    for (const tenant of ['own', 'other', 'third']) await add(11, { '': 11 }, tenant);
    expect(await uploads().deleteOlderThan(10, sweep)).toBe(3);
    expect(await left()).toEqual(new Set([stuck]));
    expect(errors).toMatchObject([{ code: 'storage_unavailable' }]);
  });

  it('are as old as the file server says, also if this machine has another time', async () => {
    const fresh = await add(0, { '.begun': 0, '.part': 0 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * HOUR_MS });
    try {
      expect(await uploads().deleteOlderThan(10, sweep)).toBe(0);
    } finally {
      vi.useRealTimers();
    }
    expect(await left()).toEqual(new Set([`${fresh}.begun`, `${fresh}.part`]));
  });

  it('wait for the next round when the time of this one is over', async () => {
    await add(11, { '': 11 });
    expect(await uploads().deleteOlderThan(10, { ...sweep, mayGoOn: () => false })).toBe(0);
  });

  it('are not looked for while their directory is missing', async () => {
    await rename(dir.path, join(base, 'away'));
    await expect(uploads().deleteOlderThan(10, sweep)).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
  });
});
