import { TiffFields } from './fields.ts';

/** Where the directory of a page is, and where its offset of the next directory is. `nextAt` is null if it has none. */
export interface TiffPage {
  readonly offset: number;
  readonly nextAt: number | null;
  /** Values of fields that the decoder cannot work with, and those that it is shown instead. */
  readonly readAs: readonly ReadAs[];
}

/** The place of a SHORT or LONG, and the value that the decoder is shown. */
export interface ReadAs {
  readonly at: number;
  readonly isLong: boolean;
  readonly value: number;
}

/** Bytes of the longest value that is written. */
const BYTES = 8;

/**
 * Runs `work` while the page is the only one of its file and has fields that the decoder can work with. The decoder takes several
 * pages only if they are alike, and it counts all pages before it reads one. The bytes are changed in place and
 * restored afterwards, because a copy for each page would cost too much memory.
 */
export async function withOnlyPage<Result>(
  bytes: Buffer,
  { offset, nextAt, readAs }: TiffPage,
  work: () => Promise<Result>,
): Promise<Result> {
  const tiff = new TiffFields(bytes);
  const places = [tiff.firstDirectoryAt, ...(nextAt === null ? [] : [nextAt]), ...readAs.map(({ at }) => at)];
  const stored = places.map((at) => Buffer.from(bytes.subarray(at, at + BYTES)));
  tiff.writeOffset(tiff.firstDirectoryAt, offset);
  if (nextAt !== null) tiff.writeOffset(nextAt, 0);
  for (const { at, isLong, value } of readAs) {
    if (isLong) tiff.writeLong(at, value);
    else tiff.writeShort(at, value);
  }
  try {
    return await work();
  } finally {
    for (const [index, at] of places.entries()) stored[index]?.copy(bytes, at);
  }
}
