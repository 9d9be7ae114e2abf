import { buildHuffmanTable, type HuffmanTable } from './huffman-table.ts';
import type { ScanCoding } from './entropy.ts';
import { countUnits, type JpegFrame } from './frame.ts';
import { type Band, walkBand, walkMeans, walkRefinement } from './progressive.ts';
import { walkBlocks } from './sequential.ts';
import { MAX_MEGAPIXELS } from '../../limits.ts';

/** Coefficients of the progressive picture that are not zero so far, by component (`Band.found`). */
export type FoundCoefficients = Map<number, Uint32Array>;

const LAST_COEFFICIENT = 63;

/** Pictures of more components are not followed, because a progressive one needs 8 bytes for each block of each. */
const MAX_COMPONENTS = 4;

interface Selected {
  readonly id: number;
  /** Blocks of the component in a unit. */
  readonly blocks: number;
  /** Null if the file has no valid table for it. */
  readonly dc: HuffmanTable | null;
  readonly ac: HuffmanTable | null;
}

/**
 * How the scan with this header is coded, by the current tables. Null if its codes are not followed. These are the codes
 * of arithmetic coding, and of scans that the decoder refuses anyway. A sequential picture of any size is followed, because
 * the time depends on the length of the file. A progressive one is not if it is too large to decode.
 */
export function codingOf(
  frame: JpegFrame,
  interval: number,
  header: Buffer,
  tables: ReadonlyMap<number, Buffer>,
  found: FoundCoefficients,
): ScanCoding | null {
  if (!frame.isHuffman || frame.components.length > MAX_COMPONENTS) return null;
  if (frame.isProgressive && frame.width * frame.height > MAX_MEGAPIXELS * 1_000_000) return null;
  const units = countUnits(frame, header);
  const selected = readSelected(frame, header, tables);
  if (units === null || selected === null) return null;
  const walk = frame.isProgressive
    ? progressive(selected, header.subarray(1 + 2 * selected.length), units, found)
    : sequential(selected);
  return walk === null ? null : { ...walk, units, interval };
}

type Walk = Omit<ScanCoding, 'units' | 'interval'>;

function sequential(selected: readonly Selected[]): Walk | null {
  const blocks: { dc: HuffmanTable; ac: HuffmanTable }[] = [];
  for (const { blocks: count, dc, ac } of selected) {
    if (dc === null || ac === null) return null;
    for (let left = count; left > 0; left -= 1) blocks.push({ dc, ac });
  }
  return { walkUnit: walkBlocks(blocks) };
}

function progressive(
  selected: readonly Selected[],
  [first = 0, last = 0, bits = 0]: Buffer,
  units: number,
  found: FoundCoefficients,
): Walk | null {
  const isFirst = bits >> 4 === 0;
  if (first === 0) {
    const blocks = selected.flatMap(({ blocks, dc }) => Array<HuffmanTable | null>(blocks).fill(dc));
    // One bit a block, without a code (T.81, G.1.2.1).
    if (!isFirst) return { walkUnit: (_data, at) => at + blocks.length };
    return blocks.every((table) => table !== null) ? { walkUnit: walkMeans(blocks) } : null;
  }
  const [only] = selected;
  if (selected.length !== 1 || only === undefined || only.ac === null) return null;
  if (last < first || last > LAST_COEFFICIENT) return null;
  const marks = found.get(only.id) ?? new Uint32Array(2 * units);
  found.set(only.id, marks);
  const band: Band = { first, last, table: only.ac, found: marks };
  return isFirst ? walkBand(band) : walkRefinement(band);
}

/** The components of the scan. Null if the header is cut off or names a component that does not exist. */
function readSelected(
  frame: JpegFrame,
  header: Buffer,
  tables: ReadonlyMap<number, Buffer>,
): readonly Selected[] | null {
  const built = new Map<number, HuffmanTable | null>();
  const find = (kind: 'dc' | 'ac', destination: number): HuffmanTable | null => {
    const name = (kind === 'dc' ? 0 : 0x10) | destination;
    const given = tables.get(name);
    if (given !== undefined && !built.has(name)) built.set(name, buildHuffmanTable(given, kind));
    return built.get(name) ?? null;
  };
  const selected: Selected[] = [];
  const count = header[0] ?? 0;
  if (header.length < 4 + 2 * count) return null;
  for (let index = 0; index < count; index += 1) {
    const component = frame.components.find(({ id }) => id === header[1 + 2 * index]);
    if (component === undefined) return null;
    const { id, horizontal, vertical } = component;
    const destinations = header[2 + 2 * index] ?? 0;
    const blocks = count === 1 ? 1 : horizontal * vertical;
    selected.push({
      id,
      blocks,
      dc: find('dc', destinations >> 4),
      ac: find('ac', destinations & 15),
    });
  }
  return selected;
}
