import { type HuffmanTable, LOOK_BITS, MAX_CODE_BITS } from './huffman-table.ts';
import { skipFill } from './walk.ts';

/** How a sequential scan is coded (T.81, F.2). */
export interface ScanCoding {
  /** The tables of each block of a coded unit, in their order. */
  readonly blocks: readonly { readonly dc: HuffmanTable; readonly ac: HuffmanTable }[];
  /**
   * Coded units of the scan, and of an interval between two restart markers.
   * `interval` is 0 if there are no such markers.
   */
  readonly units: number;
  readonly interval: number;
}

/**
 * The result of a walk over the codes of a scan. `short`: the data ends before the last block. `invalid`: some bits are
 * no code, or they lead out of a block. `leftBytes`: the bytes after the last block.
 */
export type ScanEnd = 'short' | 'invalid' | { readonly leftBytes: number };

const BLOCK_COEFFICIENTS = 64;

/**
 * Longest reach of a block behind the data: 64 codes of 16 bits, with values of 16
 * or 15 bits, and the bits looked up beyond.
 */
const LONGEST_BLOCK_BYTES = 256;

/** The symbol for sixteen zeros, which does not end the block (F.1.2.2.1). */
const ZERO_RUN = 0xf0;

/**
 * Follows the Huffman codes of a scan from `from` to `to`, and computes no coefficient. The next
 * marker that is no restart begins at `to`. Decoders do not check this: they read an invalid code
 * as zero, and ignore data that is left over.
 */
export function walkCodes(bytes: Buffer, from: number, to: number, coding: ScanCoding): ScanEnd {
  const { blocks, units, interval } = coding;
  const data = new Uint8Array(to - from + LONGEST_BLOCK_BYTES);
  const view = new DataView(data.buffer);
  let start = from;
  let leftBytes = 0;
  for (let unit = 0; unit < units; ) {
    const { length, end } = unstuff(bytes, start, to, data);
    const last = interval === 0 ? units : Math.min(units, unit + interval);
    let at = 0;
    for (; unit < last; unit += 1) {
      for (const { dc, ac } of blocks) {
        at = walkBlock(view, at, dc, ac);
        if (at > length * 8) return 'short';
        if (at < 0) return ~at + MAX_CODE_BITS > length * 8 ? 'short' : 'invalid';
      }
    }
    // Bits up to the end of a byte are padding.
    leftBytes += length - Math.ceil(at / 8);
    start = skipFill(bytes, end) + 1;
    if (unit === units) leftBytes += to - end;
  }
  return { leftBytes };
}

/** Copies coded data up to the next marker, without the stuffed bytes (B.1.1.5), and adds zeros behind it. */
function unstuff(
  bytes: Buffer,
  from: number,
  to: number,
  data: Uint8Array,
): { readonly length: number; readonly end: number } {
  let length = 0;
  let at = from;
  for (; at < to; at += 1) {
    const byte = bytes[at] as number;
    if (byte === 0xff && at + 1 < to) {
      if (bytes[at + 1] !== 0) break;
      data[length] = byte;
      at += 1;
    } else data[length] = byte;
    length += 1;
  }
  data.fill(0, length, length + LONGEST_BLOCK_BYTES);
  return { length, end: Math.min(at, to) };
}

/** Goes over one block from bit `from`. Returns the bit after it, or the complement of the place of an invalid code. */
function walkBlock(data: DataView, from: number, dc: HuffmanTable, ac: HuffmanTable): number {
  const difference = entryAt(data, from, dc);
  if (difference === 0) return ~from;
  let at = from + (difference >> 8);
  for (let coefficient = 1; coefficient < BLOCK_COEFFICIENTS; ) {
    const entry = entryAt(data, at, ac);
    if (entry === 0) return ~at;
    at += entry >> 8;
    const symbol = entry & 0xff;
    if ((symbol & 15) > 0) coefficient += (symbol >> 4) + 1;
    else if (symbol === ZERO_RUN) coefficient += 16;
    else break;
    if (coefficient > BLOCK_COEFFICIENTS) return ~at;
  }
  return at;
}

/**
 * The entry of the code at bit `at`. Zeros follow the data, so the caller compares
 * the reach of the block with the data's end.
 */
function entryAt(data: DataView, at: number, table: HuffmanTable): number {
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
