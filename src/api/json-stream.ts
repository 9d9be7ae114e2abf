import { once } from 'node:events';
import type { Response } from 'express';

/** What an array stands in: text up to it, and from it on, which is asked for once it is written. */
interface Frame {
  readonly before: string;
  readonly after: () => string;
}

const NOTHING: Frame = { before: '', after: () => '' };

/** Writes blocks of items as one JSON array, no faster than the client reads. A fault after the first byte cuts the connection. */
export async function streamJsonArray<Item>(
  res: Response,
  blocks: AsyncIterable<readonly Item[]>,
  represent: (item: Item) => object,
  { before, after }: Frame = NOTHING,
): Promise<void> {
  res.type('application/json');
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  let separator = `${before}[`;
  for await (const block of blocks) {
    if (gone.signal.aborted) return;
    const text = block.map((item) => JSON.stringify(represent(item))).join(',');
    if (!res.write(separator + text))
      await once(res, 'drain', { signal: gone.signal }).catch(() => undefined);
    separator = ',';
  }
  res.end(`${separator === ',' ? '' : separator}]${after()}`);
}
