import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { ImageFacts } from '../../domain/image-facts.ts';
import type { InspectImage } from '../../domain/ports/images.ts';
import { type Example, type Examples, scoresOf } from '../../domain/tune.ts';
import { createDecoderPool } from '../../image/decoder/pool.ts';
import { measureAll } from '../../image/measure-all.ts';
import { createLocalFile } from '../../sources/local-file.ts';

/** A file that is no example, and why. */
export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

type Files = Readonly<Record<keyof Examples, readonly string[]>>;

/** Measures files as a worker does, in decoder processes. Files that cannot be measured are left out. */
export async function measureExamples({
  good,
  bad,
}: Files): Promise<{ examples: Examples; leftOut: LeftOut[] }> {
  const leftOut: LeftOut[] = [];
  const decoders = createDecoderPool({ onEnd: () => undefined });
  const inspectImage = measureAll(decoders.inspectImage);

  async function measure(path: string): Promise<Example | null> {
    const facts = await inspect(inspectImage, path).catch((error: unknown) => String(error));
    if (typeof facts !== 'string') return { name: path, scores: scoresOf(facts) };
    leftOut.push({ path, reason: facts });
    return null;
  }

  async function measureEach(paths: readonly string[]): Promise<Example[]> {
    const waiting = paths.entries();
    const measured: (Example | null)[] = [];
    const work = async () => {
      for (const [index, path] of waiting) measured[index] = await measure(path);
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    return measured.filter((example) => example !== null);
  }

  try {
    return { examples: { good: await measureEach(good), bad: await measureEach(bad) }, leftOut };
  } finally {
    await decoders.close();
  }
}

/** The facts, or the reason why there are none. */
async function inspect(inspectImage: InspectImage, path: string): Promise<ImageFacts | string> {
  const handle = await open(path);
  try {
    const facts = await inspectImage(createLocalFile(handle, (await handle.stat()).size));
    if ('noImage' in facts) return 'it is not an image';
    if ('lost' in facts) return facts.reason;
    const { integrity } = facts;
    return integrity.state === 'intact' ? facts : `it was not decoded: ${integrity.reason}`;
  } finally {
    await handle.close();
  }
}
