import type { Dimensions } from '../../dimensions.ts';
import { isStartOfFrame, standsAlone } from './markers.ts';

/** Reads height and width from the first frame header that the segments lead to (T.81, B.2.2). */
export function readJpegDimensions(head: Buffer): Dimensions | null {
  let at = 2;
  while (at + 4 <= head.length) {
    // Fill bytes may stand before a marker. Anything else between segments is damage and is skipped.
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
