import type { Dimensions } from './dimensions.ts';

/** Markers without a length (ITU-T T.81, B.1.1.3): TEM, RST0–7, SOI, EOI. */
function standsAlone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9);
}

/** SOF0–15 but DHT (C4), JPG (C8) and DAC (CC), which share the range. */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

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

/** Whether the file ends its image: libjpeg fills in what is missing after the last scan without a word. */
export function hasEndOfImage(bytes: Buffer): boolean {
  return bytes.lastIndexOf(Buffer.from([0xff, 0xd9])) !== -1;
}
