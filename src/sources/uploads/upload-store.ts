import { createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../../domain/errors.ts';
import { type Uploaded, type UploadStore, uploadTooLarge } from '../../domain/ports/uploads.ts';
import { type Disk, faultOfDisk } from './disk.ts';
import { flushDirectoryOf, makeDirectory, writeBody } from './file-writer.ts';
import { ARRIVING, removeUpload } from './names.ts';
import type { UploadsDir } from './uploads-dir.ts';

export interface UploadStoreOptions {
  readonly dir: UploadsDir;
  readonly disk: Disk;
  readonly maxBytes: number;
}

export function createUploadStore({ dir, disk, maxBytes }: UploadStoreOptions): UploadStore {
  /** Writes the body to a new file, and returns its SHA-256 and length. */
  async function write(tenant: string, path: string, body: AsyncIterable<Buffer>, length: number | null) {
    const hash = createHash('sha256');
    const writing = { disk, tenant, path, flags: 'wx', position: 0, bytes: length } as const;
    const bytes = await writeBody(writing, body, (chunk, came) => {
      if (came > maxBytes) throw uploadTooLarge(maxBytes);
      hash.update(chunk);
    });
    return { bytes, sha256: hash.digest('hex') };
  }

  async function keep(tenant: string, body: AsyncIterable<Buffer>, bytes: number | null): Promise<Uploaded> {
    await disk.do(tenant, dir.requireThere);
    await disk.do(tenant, () => makeDirectory(dir.of(tenant)));
    const uploadId = uuidv7();
    const place = join(dir.of(tenant), uploadId);
    try {
      const written = await write(tenant, place + ARRIVING, body, bytes);
      if (bytes !== null && written.bytes !== bytes) throw new AppError('malformed_upload');
      await disk.do(tenant, () => rename(place + ARRIVING, place));
      await disk.do(tenant, () => flushDirectoryOf(place));
      return { uploadId, ...written };
    } catch (error) {
      // What stays if this fails is swept later.
      await disk.do(tenant, () => rm(place + ARRIVING, { force: true })).catch(() => undefined);
      await disk.do(tenant, () => rm(place, { force: true })).catch(() => undefined);
      throw error;
    }
  }

  return {
    maxBytes,

    async keep(tenant, body, bytes) {
      if (bytes !== null && bytes > maxBytes) throw uploadTooLarge(maxBytes);
      try {
        return await keep(tenant, body, bytes);
      } catch (error) {
        throw faultOfDisk(error);
      }
    },

    async remove(tenant, uploadId) {
      try {
        await disk.do(tenant, () => removeUpload(join(dir.of(tenant), uploadId)));
      } catch (error) {
        throw faultOfDisk(error);
      }
    },
  };
}
