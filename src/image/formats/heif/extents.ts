import type { StructureDraft } from '../../structure-draft.ts';
import { type Box, boxesIn } from './boxes.ts';

/** Where the data of an item is: in the file, or in the box `idat` beside the index. */
const IN_FILE = 0;
const IN_IDAT = 1;

/** Reads numbers one after the other. */
class Cursor {
  private readonly bytes: Buffer;
  private at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** `size` is 0 to 8 bytes. A number of no bytes is 0. */
  next(size: number): number {
    this.at += size;
    if (size === 8) return Number(this.bytes.readBigUInt64BE(this.at - size));
    return size === 0 ? 0 : this.bytes.readUIntBE(this.at - size, Math.min(size, 6));
  }
}

/**
 * Follows the index of items, `iloc` (ISO/IEC 14496-12, 8.11.3), and notes the first place that is not in the file. An item
 * may be a picture, a tile or metadata. It has one extent or several.
 */
export function noteDataOutsideFile(bytes: Buffer, meta: Box, draft: StructureDraft): void {
  const children = [...boxesIn(bytes, meta.start + 4, meta.end)];
  const index = children.find(({ type }) => type === 'iloc');
  const idat = children.find(({ type }) => type === 'idat');
  const ends = new Map([
    [IN_FILE, bytes.length],
    [IN_IDAT, idat === undefined ? 0 : idat.end - idat.start],
  ]);
  if (index === undefined) return draft.note('heif_data_outside_file', 'no index of items');
  const cursor = new Cursor(bytes, index.start);
  const version = cursor.next(1);
  cursor.next(3);
  const [sizes, moreSizes] = [cursor.next(1), cursor.next(1)];
  const wide = version < 2 ? 2 : 4;
  const items = cursor.next(wide);
  let extents = 0;
  for (let item = 0; item < items && draft.allowParts(); item += 1) {
    const id = cursor.next(wide);
    const method = version === 0 ? IN_FILE : cursor.next(2) & 15;
    const isElsewhere = cursor.next(2) !== 0;
    const base = cursor.next(moreSizes >> 4);
    const count = cursor.next(2);
    const end = ends.get(method);
    for (let extent = 0; extent < count && draft.allowParts(); extent += 1) {
      extents += 1;
      if (version > 0) cursor.next(moreSizes & 15);
      const from = base + cursor.next(sizes >> 4);
      const to = from + cursor.next(sizes & 15);
      // An item may lie in another file, or be made from other items.
      if (isElsewhere || end === undefined) continue;
      if (to > end) draft.note('heif_data_outside_file', `item ${id}: ${to} of ${end} bytes`);
    }
  }
  if (extents === 0) draft.note('heif_data_outside_file', 'the index of items names no place');
}
