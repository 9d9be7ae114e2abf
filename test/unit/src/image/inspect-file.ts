import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';
import { createInspectImage } from '../../../../src/image/inspect.ts';

const inspectImage = createInspectImage();

/** Inspects a file of this repository, or bytes through a file of their own. */
export async function inspect(source: string | Buffer): Promise<ImageFacts | null> {
  if (typeof source === 'string') return inspectPath(source);
  const dir = await mkdtemp(join(tmpdir(), 'validatr-image-'));
  try {
    const path = join(dir, 'file');
    await writeFile(path, source);
    return await inspectPath(path);
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function inspectPath(path: string): Promise<ImageFacts | null> {
  const handle = await open(path);
  try {
    return await inspectImage({ handle, bytes: (await handle.stat()).size });
  } finally {
    await handle.close();
  }
}
