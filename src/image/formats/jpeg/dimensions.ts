import type { Dimensions } from '../../dimensions.ts';
import { isStartOfFrame, standsAlone } from './markers.ts';

/** Height and width stand in the frame header (T.81, B.2.2), the first one that the segments lead to. */
export function readJpegDimensions(head: Buffer): Dimensions | null {
  let at = 2;
  while (at + 4 <= head.length) {
    // Markers may be preceded by fill bytes; anything else between segments is damage to step over.
    if (head[at] !== 0xff || head[at + 1] === 0xff || head[at + 1] === 0x00) {
      at += 1;
      continue;
    }
    const marker = head[at + 1] ?? 0;
    if (isStartOfFrame(marker))
      return { height: head.readUInt16BE(at + 5), width: head.readUInt16BE(at + 7) };
    at += standsAlone(marker) ? 2 : 2 + head.readUInt16BE(at + 2);
  }
  return null;
}
