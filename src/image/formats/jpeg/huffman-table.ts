/** Codes of up to so many bits are looked up at once: nearly all that occur. */
export const LOOK_BITS = 9;
export const MAX_CODE_BITS = 16;

/** A symbol says how many bits of its value follow: no DC coefficient has more (T.81, F.1.2.1.1 and H.1.2.2). */
const MAX_VALUE_BITS = 16;

/**
 * A Huffman table of T.81, annex C, to go over codes with. A code is told by an entry, `advance << 8 | symbol`, where `advance`
 * counts its bits and those of the value behind it; 0 is none.
 */
export interface HuffmanTable {
  /** By the next 9 bits: the entry of a code of 9 bits at most. */
  readonly look: Uint16Array;
  /** By length: the largest code, −1 where there is none; and what to add to a code for the place of its entry. */
  readonly largest: Int32Array;
  readonly offset: Int32Array;
  readonly entries: Uint16Array;
}

/**
 * Enters the tables of a DHT segment (B.2.4.2) by `class << 4 | destination`, class 0 for DC and 1 for AC, as the 16 counts of
 * codes by length and the symbols. They are built when a scan needs them: a file may have millions. One that is cut off is none.
 */
export function enterHuffmanTables(data: Buffer, tables: Map<number, Buffer>): void {
  for (let at = 0; at < data.length; ) {
    const symbols = at + 1 + MAX_CODE_BITS;
    let end = symbols;
    for (let count = at + 1; count < symbols; count += 1) end += data[count] ?? 0;
    if (end > data.length) return;
    tables.set(data[at] as number, data.subarray(at + 1, end));
    at = end;
  }
}

/** Null where it is no table: more codes of a length than there can be, or a symbol that means nothing. */
export function buildHuffmanTable(table: Buffer, kind: 'dc' | 'ac'): HuffmanTable | null {
  const counts = table.subarray(0, MAX_CODE_BITS);
  const symbols = table.subarray(MAX_CODE_BITS);
  const look = new Uint16Array(1 << LOOK_BITS);
  const largest = new Int32Array(MAX_CODE_BITS + 1).fill(-1);
  const offset = new Int32Array(MAX_CODE_BITS + 1);
  const entries = new Uint16Array(symbols.length);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length += 1, code <<= 1) {
    const count = counts[length - 1] ?? 0;
    if (count === 0) continue;
    if (code + count > 1 << length) return null;
    offset[length] = place - code;
    for (const last = place + count; place < last; place += 1, code += 1) {
      const symbol = symbols[place] as number;
      const valueBits = kind === 'dc' ? symbol : symbol & 15;
      if (valueBits > MAX_VALUE_BITS) return null;
      const entry = ((length + valueBits) << 8) | symbol;
      entries[place] = entry;
      const spare = LOOK_BITS - length;
      if (spare >= 0) look.fill(entry, code << spare, (code + 1) << spare);
    }
    largest[length] = code - 1;
  }
  return { look, largest, offset, entries };
}
