import type { Dimensions } from '../../dimensions.ts';
import { boxesAt } from './boxes.ts';

/**
 * The largest `ispe` property (ISO/IEC 23008-12, 6.5.3), because a grid's tiles have one too. The search covers the `meta`
 * box, which is near the front. A file with a sequence alone has its size in the headers of its tracks (ISO/IEC
 * 14496-12, 8.3.2).
 */
export function readHeifDimensions(head: Buffer): Dimensions | null {
  const found: Dimensions[] = [];
  for (const { start, end } of boxesAt(head, ['meta'])) {
    const meta = head.subarray(start, end);
    for (let at = meta.indexOf('ispe', 0, 'latin1'); at !== -1; at = meta.indexOf('ispe', at + 4, 'latin1'))
      found.push({ width: meta.readUInt32BE(at + 8), height: meta.readUInt32BE(at + 12) });
  }
  return largestOf(found) ?? largestOf(readTracks(head));
}

/** The size of a track has 16 bits after its point. Version 1 of the header has times of 64 bits. */
function readTracks(head: Buffer): Dimensions[] {
  return [...boxesAt(head, ['moov', 'trak', 'tkhd'])].map(({ start }) => {
    const at = start + (head.readUInt8(start) === 1 ? 88 : 76);
    return { width: head.readUInt32BE(at) >>> 16, height: head.readUInt32BE(at + 4) >>> 16 };
  });
}

function largestOf(sizes: readonly Dimensions[]): Dimensions | null {
  const pixels = ({ width, height }: Dimensions) => width * height;
  return sizes.reduce<Dimensions | null>(
    (largest, size) => (pixels(size) > (largest === null ? 0 : pixels(largest)) ? size : largest),
    null,
  );
}
