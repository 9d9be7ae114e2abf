import { MAX_PARTS } from '../../limits.ts';
import { skipFill } from './walk.ts';

/** How the codes of a scan are followed. Units are minimum coded units (T.81, A.2), counted from 0 over the scan. */
export interface ScanCoding {
  /** Called before the first unit of each interval. */
  readonly begin?: () => void;
  /**
   * Goes over a unit from bit `at`, and may stop at a block beyond bit `end`. Returns the bit after the unit, or the
   * complement of the place of an invalid code.
   */
  readonly walkUnit: (data: DataView, at: number, unit: number, end: number) => number;
  /** Skips units that have no bits, at most so many. Returns how many. */
  readonly skip?: (most: number) => number;
  /** Whether a run of ended blocks goes beyond the last unit. */
  readonly runsOver?: () => boolean;
  /** Units of the scan, and of an interval between two restart markers. `interval` is 0 if there are no such markers. */
  readonly units: number;
  readonly interval: number;
}

/**
 * The result of a walk over the codes of a scan. `short`: the data ends before the last block. `invalid`: some bits are
 * no code, or they lead out of a block. `left`: the bytes after the last block of the scan and of each interval.
 */
export type ScanEnd = 'short' | 'invalid' | { readonly left: readonly Buffer[] };

/**
 * Longest reach of a block behind the data: 64 codes of 16 bits, with values of 16
 * or 15 bits, and the bits looked up beyond.
 */
const LONGEST_BLOCK_BYTES = 256;

const MAX_CODE_BITS = 16;

/**
 * Follows the Huffman codes of a scan from `from` to `to`, and computes no coefficient. The next
 * marker that is no restart begins at `to`. Decoders do not check this: they read an invalid code
 * as zero, and ignore data that is left over.
 */
export function walkCodes(bytes: Buffer, from: number, to: number, coding: ScanCoding): ScanEnd {
  const { begin, walkUnit, skip, runsOver, units, interval } = coding;
  const data = new Uint8Array(to - from + LONGEST_BLOCK_BYTES);
  const view = new DataView(data.buffer);
  const left: Buffer[] = [];
  let hasRunOver = false;
  let start = from;
  for (let unit = 0; unit < units; ) {
    const { length, end } = unstuff(bytes, start, to, data);
    const last = interval === 0 ? units : Math.min(units, unit + interval);
    let at = 0;
    begin?.();
    for (; unit < last; unit += 1) {
      at = walkUnit(view, at, unit, length * 8);
      if (at < 0) return ~at + MAX_CODE_BITS > length * 8 ? 'short' : 'invalid';
      if (at > length * 8) return 'short';
      if (skip !== undefined) unit += skip(last - unit - 1);
    }
    if (runsOver?.() === true) hasRunOver = true;
    // Bits up to the end of a byte are padding.
    const used = Math.ceil(at / 8);
    const leftTo = unit === units ? to : end;
    if (left.length > MAX_PARTS) return 'invalid';
    if (used < length || end < leftTo) left.push(bytes.subarray(placeOf(bytes, start, used), leftTo));
    start = skipFill(bytes, end) + 1;
  }
  // Some encoders may end all blocks by too long a run. With data behind it, the codes have lost their place.
  return hasRunOver && left.length > 0 ? 'invalid' : { left };
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

/** The place in the file after `count` bytes of coded data, which has stuffed bytes there. */
function placeOf(bytes: Buffer, from: number, count: number): number {
  let at = from;
  for (let counted = 0; counted < count; counted += 1) at += bytes[at] === 0xff ? 2 : 1;
  return at;
}
