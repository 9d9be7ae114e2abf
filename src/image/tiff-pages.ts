import { TiffFields } from './tiff-fields.ts';

/** Where the directory of a page is, and where it says which is the next; null where it says nothing. */
export interface TiffPage {
  readonly offset: number;
  readonly nextAt: number | null;
}

const OFFSET_BYTES = 8;

/**
 * Makes a page the only one of its file as long as `work` takes: the decoder takes several only if they are alike, and
 * counts all of them before it comes to one. The bytes are changed in place: a copy for each page would be too dear.
 */
export async function withOnlyPage<Result>(
  bytes: Buffer,
  { offset, nextAt }: TiffPage,
  work: () => Promise<Result>,
): Promise<Result> {
  const tiff = new TiffFields(bytes);
  const places = [tiff.firstDirectoryAt, ...(nextAt === null ? [] : [nextAt])];
  const stored = places.map((at) => Buffer.from(bytes.subarray(at, at + OFFSET_BYTES)));
  tiff.writeOffset(tiff.firstDirectoryAt, offset);
  if (nextAt !== null) tiff.writeOffset(nextAt, 0);
  try {
    return await work();
  } finally {
    for (const [index, at] of places.entries()) stored[index]?.copy(bytes, at);
  }
}
