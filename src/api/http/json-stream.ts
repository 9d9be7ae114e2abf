import { once } from 'node:events';
import type { Response } from 'express';

/** Writes blocks of items as one JSON array, as fast as the client reads. An error after the first byte cuts the connection. */
export function streamJsonArray<Item>(
  res: Response,
  blocks: AsyncIterable<readonly Item[]>,
  represent: (item: Item) => object,
): Promise<void> {
  return stream(res, blocks, represent, '', () => '');
}

/** An object with one streamed field. */
interface StreamedObject<Item> {
  /** The fields before the array: at least one. */
  readonly before: object;
  readonly field: string;
  readonly blocks: AsyncIterable<readonly Item[]>;
  readonly represent: (item: Item) => object;
  /** The fields after the array: at least one. Called when the array is written. */
  readonly after: () => object;
}

/** Writes an object with such an array, as `streamJsonArray` does. */
export function streamJsonObject<Item>(
  res: Response,
  { before, field, blocks, represent, after }: StreamedObject<Item>,
): Promise<void> {
  const head = `${JSON.stringify(before).slice(0, -1)},${JSON.stringify(field)}:`;
  return stream(res, blocks, represent, head, () => `,${JSON.stringify(after()).slice(1)}`);
}

async function stream<Item>(
  res: Response,
  blocks: AsyncIterable<readonly Item[]>,
  represent: (item: Item) => object,
  before: string,
  after: () => string,
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
