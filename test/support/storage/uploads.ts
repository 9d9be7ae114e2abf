import { appendFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import type { AssetPath } from '../../../src/domain/sources/asset-path.ts';
import { createDisk } from '../../../src/sources/uploads/disk.ts';
import { createUploadStore } from '../../../src/sources/uploads/upload-store.ts';
import { openUploadsDir } from '../../../src/sources/uploads/uploads-dir.ts';
import type { ObjectStore } from './object-store.ts';
import { TENANT } from './judge-asset.ts';

/** Bytes that a tenant has uploaded. Those of another tenant are the forbidden ones. */
export async function startUploads(): Promise<ObjectStore> {
  const path = await mkdtemp(join(tmpdir(), 'validatr-uploads-'));
  const dir = openUploadsDir(path, { writes: true });
  const store = createUploadStore({
    dir,
    disk: createDisk({ places: 4, keepFreeBytes: 0 }),
    maxBytes: 2 ** 30,
  });
  const ids = new Map<string, string>();

  async function keep(tenant: string, content: Buffer): Promise<string> {
    const { uploadId } = await store.keep(tenant, bodyOf(content), content.length);
    return uploadId;
  }

  const pathOf = (name: string): AssetPath => ({
    location: 'upload',
    uploadId: ids.get(name) ?? uuidv7(),
    name: name.slice(-255),
  });

  return {
    dir: path,
    profiles: {},
    pathOf,
    async put(name, content) {
      ids.set(name, await keep(TENANT, content));
    },
    async grow(name, content) {
      const file = join(dir.of(TENANT), ids.get(name) ?? '');
      await appendFile(file, content.subarray((await stat(file)).size));
    },
    forbiddenCause: 'not_found',
    forbidden: { location: 'upload', uploadId: await keep('another', Buffer.from('closed')) },
    close: () => rm(path, { recursive: true }),
  };
}

async function* bodyOf(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}
