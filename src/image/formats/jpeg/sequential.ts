import { entryAt } from './codes.ts';
import type { ScanCoding } from './entropy.ts';
import type { HuffmanTable } from './huffman-table.ts';

const BLOCK_COEFFICIENTS = 64;

/** The symbol for sixteen zeros, which does not end the block (T.81, F.1.2.2.1). */
const ZERO_RUN = 0xf0;

/** The tables of each block of a unit, in their order. */
export type BlockTables = readonly { readonly dc: HuffmanTable; readonly ac: HuffmanTable }[];

/** Goes over the blocks of a sequential scan (F.2). */
export function walkBlocks(blocks: BlockTables): ScanCoding['walkUnit'] {
  return (data, from, _unit, end) => {
    let at = from;
    for (const { dc, ac } of blocks) {
      at = walkBlock(data, at, dc, ac);
      if (at < 0 || at > end) break;
    }
    return at;
  };
}

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
