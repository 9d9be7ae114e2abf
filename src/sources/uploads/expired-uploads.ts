import type { Dir } from 'node:fs';
import { opendir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { validate as isUuid } from 'uuid';
import type { ExpiredUploads, Sweep } from '../../domain/ports/retention.ts';
import { type Disk, faultOfDisk } from './disk.ts';
import { ENDINGS, orNull, removeUpload } from './names.ts';
import type { UploadsDir } from './uploads-dir.ts';

const HOUR_MS = 3_600_000;

/** Names that are held in memory at once. A tenant may have millions. */
const BLOCK = 1_000;

/** Uploads of one question to the database. They are deleted at once after it, because an asset may be submitted meanwhile. */
const BATCH = 20;

/** The directory of a tenant: a SHA-256. */
const OF_TENANT = /^[0-9a-f]{64}$/;

/** A file whose time is now by the clock of the file server. */
const CLOCK = '.validatr-clock';

export function createExpiredUploads(dir: UploadsDir, disk: Disk): ExpiredUploads {
  const onDisk = <Result>(work: () => Promise<Result>) =>
    disk.do('', work).catch((error: unknown) => {
      throw faultOfDisk(error);
    });

  /** By the clock that gives files their times. That of this machine may be another. */
  const now = () =>
    onDisk(async () => {
      const path = join(dir.path, CLOCK);
      await writeFile(path, '.');
      return (await stat(path)).mtimeMs;
    });

  async function isOld(place: string, before: number): Promise<boolean> {
    const times = await Promise.all(ENDINGS.map((ending) => changedAt(place + ending)));
    const found = times.filter((time) => time !== null);
    return found.length > 0 && found.every((time) => time < before);
  }

  /** When a file was changed. Null if it is not there. */
  const changedAt = async (path: string) => (await onDisk(() => orNull(stat(path))))?.mtimeMs ?? null;

  async function deleteUnneeded(
    directory: string,
    uploadIds: readonly string[],
    { findNeeded, onError }: Sweep,
  ): Promise<number> {
    const needed = await findNeeded(uploadIds);
    let deleted = 0;
    for (const uploadId of uploadIds) {
      if (needed.has(uploadId)) continue;
      try {
        await onDisk(() => removeUpload(join(directory, uploadId)));
        deleted += 1;
      } catch (error) {
        onError(error);
      }
    }
    return deleted;
  }

  async function deleteOfTenant(directory: string, before: number, sweep: Sweep): Promise<number> {
    const entries = await onDisk(() => opendir(directory, { bufferSize: BLOCK }));
    let deleted = 0;
    try {
      while (sweep.mayGoOn()) {
        const names = await onDisk(() => readBlock(entries));
        if (names.length === 0) break;
        const old: string[] = [];
        for (const uploadId of new Set(names.map((name) => name.split('.', 1)[0] ?? ''))) {
          // An id says when the upload began, so most need no further look.
          if (!isUuid(uploadId) || beginOf(uploadId) >= before) continue;
          if (await isOld(join(directory, uploadId), before)) old.push(uploadId);
        }
        for (let first = 0; first < old.length; first += BATCH)
          deleted += await deleteUnneeded(directory, old.slice(first, first + BATCH), sweep);
      }
    } finally {
      await entries.close();
    }
    return deleted;
  }

  return {
    async deleteOlderThan(hours, sweep) {
      await onDisk(dir.requireThere);
      const before = (await now()) - hours * HOUR_MS;
      const tenants = (await onDisk(() => readdir(dir.path))).filter((name) => OF_TENANT.test(name));
      let deleted = 0;
      // In another order each time, so the uploads of one tenant do not use up every round.
      for (const name of shuffled(tenants)) {
        if (!sweep.mayGoOn()) break;
        try {
          deleted += await deleteOfTenant(join(dir.path, name), before, sweep);
        } catch (error) {
          sweep.onError(error);
        }
      }
      return deleted;
    },

    async delete({ tenant, uploadId }) {
      const place = join(dir.of(tenant), uploadId);
      if (!isUuid(uploadId) || (await changedAt(place)) === null) return false;
      await onDisk(() => removeUpload(place));
      return true;
    },
  };
}

async function readBlock(entries: Dir): Promise<string[]> {
  const names: string[] = [];
  while (names.length < BLOCK) {
    const entry = await entries.read();
    if (entry === null) break;
    names.push(entry.name);
  }
  return names;
}

function shuffled(names: readonly string[]): string[] {
  const drawn = names.map((name) => ({ name, at: Math.random() }));
  return drawn.sort((one, other) => one.at - other.at).map(({ name }) => name);
}

/** The time in a UUIDv7, Unix milliseconds. */
function beginOf(uploadId: string): number {
  return Number.parseInt(uploadId.replaceAll('-', '').slice(0, 12), 16);
}
