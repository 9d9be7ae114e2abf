import { TiffFields } from './fields.ts';

/** Where the directory of a page is, and where its offset of the next directory is. `nextAt` is null if it has none. */
export interface TiffPage {
  readonly offset: number;
  readonly nextAt: number | null;
  /**
   * Set if the decoder cannot convert the page's colours: the place of the field that
   * names them, and the value to read them as.
   */
  readonly colours: { readonly at: number; readonly readAs: number } | null;
}

/** Bytes of the longest value that is written. */
const BYTES = 8;

/**
 * Runs `work` while the page is the only one of its file and has colours that can be read. The decoder takes several
 * pages only if they are alike, and it counts all pages before it reads one. The bytes are changed in place and
 * restored afterwards, because a copy for each page would cost too much memory.
 */
export async function withOnlyPage<Result>(
  bytes: Buffer,
  { offset, nextAt, colours }: TiffPage,
  work: () => Promise<Result>,
): Promise<Result> {
  const tiff = new TiffFields(bytes);
  const places = [tiff.firstDirectoryAt, nextAt, colours?.at].filter((at) => typeof at === 'number');
  const stored = places.map((at) => Buffer.from(bytes.subarray(at, at + BYTES)));
  tiff.writeOffset(tiff.firstDirectoryAt, offset);
  if (nextAt !== null) tiff.writeOffset(nextAt, 0);
  if (colours !== null) tiff.writeShort(colours.at, colours.readAs);
  try {
    return await work();
  } finally {
    for (const [index, at] of places.entries()) stored[index]?.copy(bytes, at);
  }
}
