import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { validate as isUuid } from 'uuid';
import type { ExpiredRows, ExpiredUploads } from '../../domain/ports/retention.ts';
import { codeOf } from '../faults.ts';
import { type Disk, faultOfDisk } from './disk.ts';
import { removeUpload } from './names.ts';
import type { UploadsDir } from './uploads-dir.ts';

const HOUR_MS = 3_600_000;

/** Uploads of one question to the database. */
const BATCH = 200;

/** The directory of a tenant: a SHA-256. */
const OF_TENANT = /^[0-9a-f]{64}$/;

export function createExpiredUploads(dir: UploadsDir, disk: Disk): ExpiredUploads {
  const onDisk = <Result>(work: () => Promise<Result>) =>
    disk.do('', work).catch((error: unknown) => {
      throw faultOfDisk(error);
    });

  /** The uploads in a directory of a tenant whose files are all older. */
  async function findOld(directory: string, before: number): Promise<string[]> {
    const names = await onDisk(() => readdir(directory));
    const files = Map.groupBy(names, (name) => name.split('.', 1)[0] ?? '');
    const old: string[] = [];
    for (const [uploadId, ofUpload] of files) {
      // An id says when the upload began, so most need no further look.
      if (!isUuid(uploadId) || beginOf(uploadId) >= before) continue;
      const changed = await Promise.all(ofUpload.map((name) => changedAt(join(directory, name))));
      if (changed.every((time) => time !== null && time < before)) old.push(uploadId);
    }
    return old;
  }

  /** When a file was changed. Null if it is not there: it got its final name, or was deleted, a moment ago. */
  const changedAt = (path: string) =>
    onDisk(async () => {
      try {
        return (await stat(path)).mtimeMs;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw error;
      }
    });

  async function deleteUnneeded(
    directory: string,
    uploadIds: readonly string[],
    findNeeded: ExpiredRows['findNeededUploads'],
  ): Promise<number> {
    const needed = await findNeeded(uploadIds);
    const unneeded = uploadIds.filter((uploadId) => !needed.has(uploadId));
    for (const uploadId of unneeded) await onDisk(() => removeUpload(join(directory, uploadId)));
    return unneeded.length;
  }

  return {
    async deleteOlderThan(hours, findNeeded) {
      await onDisk(dir.requireThere);
      const before = Date.now() - hours * HOUR_MS;
      let deleted = 0;
      for (const name of await onDisk(() => readdir(dir.path))) {
        if (!OF_TENANT.test(name)) continue;
        const directory = join(dir.path, name);
        const old = await findOld(directory, before);
        for (let first = 0; first < old.length; first += BATCH)
          deleted += await deleteUnneeded(directory, old.slice(first, first + BATCH), findNeeded);
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

/** The time in a UUIDv7, Unix milliseconds. */
function beginOf(uploadId: string): number {
  return Number.parseInt(uploadId.replaceAll('-', '').slice(0, 12), 16);
}
