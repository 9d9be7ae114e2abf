import { afterAll } from 'vitest';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';
import type { InspectOptions } from '../../../../src/domain/ports/images.ts';
import { createDecoderPool } from '../../../../src/image/decoder/pool.ts';
import { inspectBy } from '../../../support/images/inspect-by.ts';

const decoders = createDecoderPool({ onEnd: () => undefined });
afterAll(() => decoders.close());

/** Inspects a file of this repository, or bytes through a file of their own. No decoder may die of it. */
export async function inspect(
  source: string | Buffer,
  options: InspectOptions = {},
): Promise<ImageFacts | null> {
  const result = await inspectBy(decoders.inspectImage, source, options);
  if ('noImage' in result) return null;
  if ('lost' in result) throw new Error(`${result.lost}: ${result.reason}`);
  return result;
}
