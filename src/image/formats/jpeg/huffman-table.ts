/** Codes of up to this many bits take one lookup. Nearly all codes in files are that short. */
export const LOOK_BITS = 9;
export const MAX_CODE_BITS = 16;

/**
 * Most bits of a value. A symbol says how many bits follow, and no DC
 * coefficient has more (T.81, F.1.2.1.1 and H.1.2.2).
 */
const MAX_VALUE_BITS = 16;

/**
 * A Huffman table (T.81, annex C) for going over codes. The entry of a code is `advance << 8 | symbol`. `advance`
 * counts the bits of the code and of the value behind it. Entry 0 means that there is no code.
 */
export interface HuffmanTable {
  /** By the next 9 bits: the entry of a code of at most 9 bits. */
  readonly look: Uint16Array;
  /** By length: the largest code (−1 if there is none), and the number that leads from a code to the place of its entry. */
  readonly largest: Int32Array;
  readonly offset: Int32Array;
  readonly entries: Uint16Array;
}

/**
 * Enters the tables of a DHT segment (B.2.4.2) under `class << 4 | destination`. Class 0 is DC and class 1 is AC. A
 * table is entered as its 16 counts of codes by length and its symbols. It is built only when a scan needs it, because
 * a file may have millions. A table that is cut off is ignored.
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

/** Null if the table is not valid: a length has too many codes, or a symbol means nothing. */
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
