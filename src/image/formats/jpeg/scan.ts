import { buildHuffmanTable, type HuffmanTable } from './huffman-table.ts';
import type { ScanCoding } from './entropy.ts';
import { countUnits, type JpegFrame } from './frame.ts';

/**
 * How the scan with this header is coded, by the current tables. Null if its codes are not followed. The codes of
 * progressive scans are not followed, because their decoder reports faults. Neither are those that the decoder refuses
 * anyway. A picture of any size is followed, because the time depends on the length of the file.
 */
export function codingOf(
  frame: JpegFrame,
  interval: number,
  header: Buffer,
  tables: ReadonlyMap<number, Buffer>,
): ScanCoding | null {
  if (!frame.isSequentialHuffman) return null;
  const units = countUnits(frame, header);
  if (units === null) return null;

  const built = new Map<number, HuffmanTable | null>();
  const find = (kind: 'dc' | 'ac', destination: number): HuffmanTable | null => {
    const name = (kind === 'dc' ? 0 : 0x10) | destination;
    const given = tables.get(name);
    if (given !== undefined && !built.has(name)) built.set(name, buildHuffmanTable(given, kind));
    return built.get(name) ?? null;
  };

  const blocks: ScanCoding['blocks'][number][] = [];
  const count = header[0] ?? 0;
  for (let index = 0; index < count; index += 1) {
    const component = frame.components.find(({ id }) => id === header[1 + 2 * index]);
    const selected = header[2 + 2 * index];
    if (component === undefined || selected === undefined) return null;
    const dc = find('dc', selected >> 4);
    const ac = find('ac', selected & 15);
    if (dc === null || ac === null) return null;
    const { horizontal, vertical } = component;
    for (let left = count === 1 ? 1 : horizontal * vertical; left > 0; left -= 1) blocks.push({ dc, ac });
  }
  return { blocks, units, interval };
}
