import { TiffFields } from './fields.ts';

/** Where the directory of a page is, and where it says which is the next; null where it says nothing. */
export interface TiffPage {
  readonly offset: number;
  readonly nextAt: number | null;
  /** The decoder can't convert its colours: where it says what they are, and what it can be read as instead. */
  readonly colours: { readonly at: number; readonly readAs: number } | null;
}

/** Of the longest that is written. */
const BYTES = 8;

/**
 * Makes a page the only one of its file, and its colours some that can be read, as long as `work` takes: the decoder takes
 * several pages only if they are alike, and counts all of them before it comes to one. The bytes are changed in place: a copy for each page would be too dear.
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
