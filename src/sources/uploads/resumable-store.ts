import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import {
  type Checksum,
  type ResumableUpload,
  type ResumableUploads,
  type UploadPart,
  uploadTooLarge,
} from '../../domain/ports/uploads.ts';
import { faultOfDisk } from './disk.ts';
import { flushDirectoryOf, makeDirectory, openWriter, writeBody } from './file-writer.ts';
import { ARRIVING, BEGUN, orNull, PART, removeUpload } from './names.ts';
import { createTurns, untilAborted } from './take-turns.ts';
import type { UploadStoreOptions } from './upload-store.ts';

const begun = z.object({ length: z.int(), metadata: z.string().nullable() });

/** Bytes that are read at once when a checked part is copied. */
const COPY_BYTES = 1024 * 1024;

interface ResumableStoreOptions extends UploadStoreOptions {
  /** Deletes an upload that nothing was added to for so long. Zero: never. Milliseconds. */
  readonly keepMs: number;
}

/** The size of a file is how much of its upload has come, so nothing else has to be kept in step with it. */
export function createResumableUploads(options: ResumableStoreOptions): ResumableUploads {
  const { dir, disk, maxBytes, keepMs } = options;
  const inTurn = createTurns();
  const placeOf = (tenant: string, uploadId: string) => join(dir.of(tenant), uploadId);

  const expiryFrom = (changedAtMs: number) => (keepMs === 0 ? null : new Date(changedAtMs + keepMs));

  async function read(tenant: string, uploadId: string): Promise<ResumableUpload | null> {
    const place = placeOf(tenant, uploadId);
    return disk.do(tenant, async () => {
      await dir.requireThere();
      const text = await orNull(readFile(place + BEGUN, 'utf8'));
      if (text === null) return null;
      const { length, metadata } = begun.parse(JSON.parse(text));
      const upload = { uploadId, length, metadata };
      const part = await orNull(stat(place + PART));
      if (part === null) {
        const isThere = (await orNull(stat(place))) !== null;
        return isThere ? { ...upload, offset: length, expiresAt: null } : null;
      }
      if (part.size < length) return { ...upload, offset: part.size, expiresAt: expiryFrom(part.mtimeMs) };
      // A process ended between the last byte and the name.
      await finish(place);
      return { ...upload, offset: length, expiresAt: null };
    });
  }

  async function begin(tenant: string, { length, metadata }: Pick<ResumableUpload, 'length' | 'metadata'>) {
    await disk.do(tenant, dir.requireThere);
    (await disk.promise(tenant, dir.path, length)).release();
    await disk.do(tenant, () => makeDirectory(dir.of(tenant)));
    const uploadId = uuidv7();
    const place = placeOf(tenant, uploadId);
    try {
      await write(tenant, place + BEGUN, Buffer.from(JSON.stringify({ length, metadata })));
      await write(tenant, place + PART, Buffer.alloc(0));
      await disk.do(tenant, () => flushDirectoryOf(place));
      if (length === 0) await disk.do(tenant, () => finish(place));
    } catch (error) {
      await disk.do(tenant, () => removeUpload(place)).catch(() => undefined);
      throw error;
    }
    return { uploadId, length, metadata, offset: 0, expiresAt: length === 0 ? null : expiryFrom(Date.now()) };
  }

  async function write(tenant: string, path: string, bytes: Buffer): Promise<void> {
    const writing = { disk, tenant, path, flags: 'wx', position: 0, bytes: bytes.length } as const;
    await writeBody(writing, Readable.from([bytes]));
  }

  /** Writes to the file of the parts from the offset on. Bytes that have come stay if it breaks off. Returns how many came. */
  function writePart(
    tenant: string,
    { uploadId, offset, length }: ResumableUpload,
    body: AsyncIterable<Buffer>,
    bytes: number | null,
  ): Promise<number> {
    const path = placeOf(tenant, uploadId) + PART;
    return writeBody({ disk, tenant, path, flags: 'r+', position: offset, bytes }, body, (_chunk, came) => {
      if (offset + came > length) throw tooLong(length);
    });
  }

  /** Keeps the part aside until its checksum is known to be right. So no other request ever sees bytes that nobody has checked. */
  async function addChecked(
    tenant: string,
    upload: ResumableUpload,
    body: AsyncIterable<Buffer>,
    { bytes, checksum }: { bytes: number | null; checksum: Checksum },
  ): Promise<number> {
    const aside = placeOf(tenant, uuidv7()) + ARRIVING;
    const hash = createHash(checksum.algorithm);
    let came = 0;
    try {
      const file = await openWriter({ disk, tenant, path: aside, flags: 'wx', position: 0, bytes });
      try {
        for await (const chunk of body) {
          came += chunk.length;
          if (upload.offset + came > upload.length) throw tooLong(upload.length);
          hash.update(chunk);
          await file.write(chunk);
        }
      } finally {
        await file.close();
      }
      if (hash.digest('base64') !== checksum.base64) throw new AppError('upload_checksum_mismatch');
      return await writePart(tenant, upload, createReadStream(aside, { highWaterMark: COPY_BYTES }), came);
    } finally {
      // If this fails, retention deletes it later.
      await disk.do(tenant, () => rm(aside, { force: true })).catch(() => undefined);
    }
  }

  async function add(tenant: string, upload: ResumableUpload, part: UploadPart, signal: AbortSignal) {
    const { bytes, checksum } = part;
    if (upload.offset + (bytes ?? 0) > upload.length) throw tooLong(upload.length);
    const body = untilAborted(part.body, signal);
    return checksum === null
      ? writePart(tenant, upload, body, bytes)
      : addChecked(tenant, upload, body, { bytes, checksum });
  }

  async function append(tenant: string, uploadId: string, part: UploadPart, signal: AbortSignal) {
    const upload = await read(tenant, uploadId);
    if (upload === null) return null;
    if (part.offset !== upload.offset)
      throw new AppError('upload_offset_conflict', {
        detail: `The upload has ${upload.offset} bytes. Send the rest from there.`,
      });
    // It has its final name already, and nothing can be added to it.
    if (upload.offset === upload.length && part.bytes === 0) return upload;
    const came = await add(tenant, upload, part, signal);
    const offset = upload.offset + came;
    if (offset < upload.length) return { ...upload, offset, expiresAt: expiryFrom(Date.now()) };
    await disk.do(tenant, () => finish(placeOf(tenant, uploadId)));
    return { ...upload, offset, expiresAt: null };
  }

  async function orFault<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      throw faultOfDisk(error);
    }
  }

  return {
    maxBytes,
    async create(tenant, upload) {
      if (upload.length > maxBytes) throw uploadTooLarge(maxBytes);
      return orFault(begin(tenant, upload));
    },
    find: (tenant, uploadId) => orFault(inTurn(placeOf(tenant, uploadId), () => read(tenant, uploadId))),
    append: (tenant, uploadId, part) =>
      orFault(inTurn(placeOf(tenant, uploadId), (signal) => append(tenant, uploadId, part, signal))),
    remove: (tenant, uploadId) =>
      orFault(
        inTurn(placeOf(tenant, uploadId), async () => {
          if ((await read(tenant, uploadId)) === null) return false;
          await disk.do(tenant, () => removeUpload(placeOf(tenant, uploadId)));
          return true;
        }),
      ),
  };
}

/** Gives the file the name that assets find. */
async function finish(place: string): Promise<void> {
  await rename(place + PART, place);
  await flushDirectoryOf(place);
}

function tooLong(length: number): AppError {
  return new AppError('malformed_upload', {
    detail: `Upload-Length says ${length} bytes, and this is more.`,
  });
}
