import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { validate as isUuid } from 'uuid';
import type { Unreachable } from '../../domain/sources/unreachable.ts';
import { codeOf, trouble } from '../faults.ts';
import type { FileSource } from '../file-source.ts';
import { createLocalFile } from '../local-file.ts';
import { PART } from './names.ts';
import type { UploadsDir } from './uploads-dir.ts';

const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Uploads as files. The path is the id of an upload. Each tenant finds its own only. */
export function createUploadFiles(dir: UploadsDir): FileSource {
  const placeOf = (uploadId: string, tenant: string) =>
    join(dir.of(tenant), isUuid(uploadId) ? uploadId.toLowerCase() : 'none');

  async function orMissing<Result>(
    place: string,
    work: (place: string) => Promise<Result>,
  ): Promise<Result | Unreachable> {
    try {
      return await work(place);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw trouble(code || 'unknown');
      await dir.requireThere();
      return { unreachable: (await isThere(place + PART)) ? 'incomplete' : 'not_found' };
    }
  }

  return {
    stat: (uploadId, tenant = '') =>
      orMissing(placeOf(uploadId, tenant), async (place) => ({ bytes: (await stat(place)).size })),
    open: (uploadId, tenant = '') => orMissing(placeOf(uploadId, tenant), openFile),
  };
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function openFile(path: string) {
  const handle = await open(path, OPEN_FLAGS);
  try {
    return createLocalFile(handle, (await handle.stat()).size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}
