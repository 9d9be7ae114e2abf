import type { StructureDraft } from '../../structure-draft.ts';
import { TiffFields } from '../tiff/fields.ts';

/** MP Entry (CIPA DC-007, 5.2.3.3): 16 bytes a picture. Four of them are its size, and four the place where it begins. */
const ENTRIES = 0xb002;
const ENTRY_LONGS = 4;
const LONG = 4;

/**
 * Notes pictures that the index of a multi-picture file names but that are not whole. Places are counted from the
 * index, which is a TIFF header. The first picture contains the index and has place 0. `wholeUntil` is where the last
 * whole picture ends. Programs that change the first picture may leave the index unchanged. So the file has lost its
 * end only if another picture begins at the place.
 */
export function noteMissingPictures(
  bytes: Buffer,
  index: Buffer,
  wholeUntil: number,
  draft: StructureDraft,
): void {
  const at = index.byteOffset - bytes.byteOffset;
  for (const { offset, size } of readEntries(index)) {
    const start = at + offset;
    if (offset === 0 || start < wholeUntil || start + size <= bytes.length) continue;
    const begins = bytes[start] === 0xff && bytes[start + 1] === 0xd8;
    if (begins) draft.note('mpo_picture_outside_file', `at ${start}`);
    else if (start >= bytes.length) draft.note('mpo_picture_missing', `at ${start}`);
  }
}

function readEntries(index: Buffer): { offset: number; size: number }[] {
  try {
    const tiff = new TiffFields(index);
    const field = tiff.readDirectory(tiff.firstDirectory)?.fields.get(ENTRIES);
    if (field === undefined || tiff.endOf(field) > index.length) return [];
    const long = (place: number) => tiff.value({ ...field, type: LONG }, place);
    return Array.from({ length: Math.floor(field.count / (4 * ENTRY_LONGS)) }, (_, entry) => ({
      size: long(ENTRY_LONGS * entry + 1),
      offset: long(ENTRY_LONGS * entry + 2),
    }));
  } catch (error) {
    // The index is cut off or points out of its segment, so it counts as missing.
    if (error instanceof RangeError) return [];
    throw error;
  }
}
