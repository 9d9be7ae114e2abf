import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InspectImage, InspectOptions } from '../../../src/domain/ports/images.ts';
import { createLocalFile } from '../../../src/sources/local-file.ts';

/** Inspects a file of this repository, or bytes that it writes to a file first. */
export async function inspectBy(
  inspectImage: InspectImage,
  source: string | Buffer,
  options: InspectOptions = {},
) {
  if (typeof source === 'string') return inspectPath(inspectImage, source, options);
  const dir = await mkdtemp(join(tmpdir(), 'validatr-image-'));
  try {
    const path = join(dir, 'file');
    await writeFile(path, source);
    return await inspectPath(inspectImage, path, options);
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function inspectPath(inspectImage: InspectImage, path: string, options: InspectOptions = {}) {
  const handle = await open(path);
  try {
    return await inspectImage(createLocalFile(handle, (await handle.stat()).size), options);
  } finally {
    await handle.close();
  }
}
