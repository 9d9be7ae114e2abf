import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';
import type { InspectImage, InspectOptions } from '../../../../src/domain/ports.ts';
import { createDecoderPool } from '../../../../src/image/decoder-pool.ts';

const decoders = createDecoderPool({ onEnd: () => undefined });
afterAll(() => decoders.close());

/** Inspects a file of this repository, or bytes through a file of their own. No decoder may die of it. */
export async function inspect(
  source: string | Buffer,
  options: InspectOptions = {},
): Promise<ImageFacts | null> {
  const result = await inspectBy(decoders.inspectImage, source, options);
  if (result !== null && 'lost' in result) throw new Error(`${result.lost}: ${result.reason}`);
  return result;
}

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
    return await inspectImage({ handle, bytes: (await handle.stat()).size }, options);
  } finally {
    await handle.close();
  }
}
