import { once } from 'node:events';
import type { Response } from 'express';

/** Writes blocks of items as one JSON array, no faster than the client reads. A fault after the first byte cuts the connection. */
export async function streamJsonArray<Item>(
  res: Response,
  blocks: AsyncIterable<readonly Item[]>,
  represent: (item: Item) => object,
): Promise<void> {
  res.type('application/json');
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  let separator = '[';
  for await (const block of blocks) {
    if (gone.signal.aborted) return;
    const text = block.map((item) => JSON.stringify(represent(item))).join(',');
    if (!res.write(separator + text))
      await once(res, 'drain', { signal: gone.signal }).catch(() => undefined);
    separator = ',';
  }
  res.end(separator === '[' ? '[]' : ']');
}
