import { bitsAt, entryAt } from './codes.ts';
import type { ScanCoding } from './entropy.ts';
import type { HuffmanTable } from './huffman-table.ts';

/** A scan of coefficients `first` to `last` of one component's blocks (T.81, G.1.1.1). */
export interface Band {
  readonly first: number;
  readonly last: number;
  readonly table: HuffmanTable;
  /** The coefficients that are not zero so far: a bit each, in two numbers a block. Scans share it. */
  readonly found: Uint32Array;
}

type Walk = Omit<ScanCoding, 'units' | 'interval'>;

const LONGEST_RUN = 15;
const WORD_BITS = 32;

/** Goes over a first scan of mean values (G.1.2.1): one code with its value a block. */
export function walkMeans(tables: readonly HuffmanTable[]): ScanCoding['walkUnit'] {
  return (data, from, _unit, end) => {
    let at = from;
    for (const table of tables) {
      const entry = entryAt(data, at, table);
      if (entry === 0) return ~at;
      at += entry >> 8;
      if (at > end) break;
    }
    return at;
  };
}

/** Goes over a first scan of a band (G.1.2.2). A code may end many blocks at once. */
export function walkBand({ first, last, table, found }: Band): Walk {
  let endedBlocks = 0;
  function walkUnit(data: DataView, from: number, unit: number): number {
    let at = from;
    let coefficient = first;
    while (coefficient <= last) {
      const entry = entryAt(data, at, table);
      if (entry === 0) return ~at;
      at += entry >> 8;
      const [run, bits] = [(entry >> 4) & 15, entry & 15];
      if (bits > 0) {
        coefficient += run;
        if (coefficient > last) return ~at;
        mark(found, unit, coefficient);
        coefficient += 1;
      } else if (run === LONGEST_RUN) coefficient += run + 1;
      else {
        endedBlocks = readRun(data, at, run) - 1;
        return at + run;
      }
    }
    return coefficient > last + 1 ? ~at : at;
  }
  function skip(most: number): number {
    const skipped = Math.min(endedBlocks, most);
    endedBlocks -= skipped;
    return skipped;
  }
  return { begin: () => (endedBlocks = 0), walkUnit, skip, runsOver: () => endedBlocks > 0 };
}

/**
 * Goes over a scan that sends one more bit of a band (G.1.2.3). Each coefficient that is not zero so far has a bit
 * between the codes.
 */
export function walkRefinement({ first, last, table, found }: Band): Walk {
  const lowBand = bitsFrom(first) & ~bitsFrom(last + 1);
  const highBand = bitsFrom(first - WORD_BITS) & ~bitsFrom(last + 1 - WORD_BITS);
  let endedBlocks = 0;
  function walkUnit(data: DataView, from: number, unit: number): number {
    const low = (found[2 * unit] as number) & lowBand;
    const high = (found[2 * unit + 1] as number) & highBand;
    if (endedBlocks > 0) {
      endedBlocks -= 1;
      return (low | high) === 0 ? from : from + countBits(low) + countBits(high);
    }
    let at = from;
    let coefficient = first;
    while (endedBlocks === 0 && coefficient <= last) {
      const entry = entryAt(data, at, table);
      if (entry === 0 || (entry & 14) !== 0) return ~at;
      at += entry >> 8;
      let run = (entry >> 4) & 15;
      const isNew = (entry & 1) === 1;
      if (!isNew && run < LONGEST_RUN) {
        endedBlocks = readRun(data, at, run);
        at += run;
        break;
      }
      for (; coefficient <= last; coefficient += 1) {
        const bits = coefficient < WORD_BITS ? low : high;
        if (((bits >>> (coefficient & 31)) & 1) === 1) at += 1;
        else if (run === 0) break;
        else run -= 1;
      }
      if (isNew) {
        if (coefficient > last) return ~at;
        mark(found, unit, coefficient);
      }
      coefficient += 1;
    }
    if (endedBlocks === 0) return at;
    endedBlocks -= 1;
    return at + countBits(low & bitsFrom(coefficient)) + countBits(high & bitsFrom(coefficient - WORD_BITS));
  }
  return { begin: () => (endedBlocks = 0), walkUnit, runsOver: () => endedBlocks > 0 };
}

/** Blocks that end here: 2^bits, and as many more as the next `bits` bits say. */
function readRun(data: DataView, at: number, bits: number): number {
  return bits === 0 ? 1 : (1 << bits) + bitsAt(data, at, bits);
}

function mark(found: Uint32Array, block: number, coefficient: number): void {
  const place = 2 * block + (coefficient >> 5);
  found[place] = (found[place] as number) | (1 << (coefficient & 31));
}

/** A word with the bits from `from` on. */
function bitsFrom(from: number): number {
  if (from <= 0) return -1;
  return from >= WORD_BITS ? 0 : -1 << from;
}

/** The number of bits that are 1 in 32 bits. */
function countBits(word: number): number {
  if (word === 0) return 0;
  let sum = word - ((word >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
