import { type HuffmanTable, LOOK_BITS, MAX_CODE_BITS } from './huffman-table.ts';

/**
 * The entry of the code at bit `at`, 0 if it is no code. Zeros follow the data, so the caller compares
 * the reach of the block with the data's end.
 */
export function entryAt(data: DataView, at: number, table: HuffmanTable): number {
  // These are at least the next 25 bits, and a code has at most 16.
  const bits = data.getUint32(at >> 3) << (at & 7);
  const entry = table.look[bits >>> (32 - LOOK_BITS)] as number;
  return entry === 0 ? lookLonger(bits, table) : entry;
}

/** The entry of a code that has more bits than one lookup takes. 0 if it is no code. */
function lookLonger(bits: number, { largest, offset, entries }: HuffmanTable): number {
  for (let length = LOOK_BITS + 1; length <= MAX_CODE_BITS; length += 1) {
    const code = bits >>> (32 - length);
    if (code <= (largest[length] as number)) return entries[code + (offset[length] as number)] as number;
  }
  return 0;
}

/** The number in the next `count` bits, 1 to 16. */
export function bitsAt(data: DataView, at: number, count: number): number {
  return (data.getUint32(at >> 3) << (at & 7)) >>> (32 - count);
}
