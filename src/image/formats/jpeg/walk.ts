import { EOI, isExpected, isRestart, SOI, SOS, standsAlone } from './markers.ts';
import { MAX_PARTS } from '../../limits.ts';

/** The restart markers in coded data, and the place of the data. */
export interface CodedData {
  readonly restarts: number;
  readonly inOrder: boolean;
  readonly from: number;
  readonly to: number;
}

/** Receives the parts of a JPEG during a walk. */
export interface JpegVisitor {
  /** A segment; `data` begins after its length. */
  segment(marker: number, data: Buffer): void;
  /** The coded data after an SOS segment. It goes `from` the end of the header `to` the next marker that is no restart. */
  scan(found: CodedData): void;
  /** Bytes between two segments that belong to none. */
  garbage(found: Buffer, at: number): void;
  /** A reserved marker after a scan. */
  reserved(at: number): void;
}

/** The place after EOI, or the reason why the picture does not end. */
export type JpegEnd =
  | { readonly end: number }
  | {
      readonly end: null;
      readonly code:
        | 'jpeg_missing_eoi'
        | 'jpeg_segment_outside_file'
        | 'jpeg_segment_invalid'
        | 'jpeg_unexpected_marker'
        | 'too_many_parts';
      readonly at: number;
    };

/**
 * Walks the segments of the picture whose SOI is at `start` (T.81, B.1.1) to
 * its EOI. It looks at each byte at most once.
 */
export function walkJpeg(bytes: Buffer, start: number, visitor: JpegVisitor): JpegEnd {
  let at = start + 2;
  let hasScan = false;
  for (let segments = 0; ; segments += 1) {
    const found = findMarker(bytes, at);
    if (found > at) visitor.garbage(bytes.subarray(at, found), at);
    const code = skipFill(bytes, found);
    const marker = bytes[code];
    if (marker === undefined) return { end: null, code: 'jpeg_missing_eoi', at: bytes.length };
    at = code + 1;
    if (marker === EOI) return { end: at };
    if (segments === MAX_PARTS) return { end: null, code: 'too_many_parts', at: code };
    // The next picture begins before this one has ended.
    if (marker === SOI && hasScan) return { end: null, code: 'jpeg_missing_eoi', at: code };
    if (!isExpected(marker)) {
      if (!hasScan) return { end: null, code: 'jpeg_unexpected_marker', at: code };
      // Decoders ignore any bytes behind the last row. Bytes before it make them report a fault.
      visitor.reserved(found);
      continue;
    }
    if (standsAlone(marker)) continue;
    if (at + 2 > bytes.length) return { end: null, code: 'jpeg_missing_eoi', at: bytes.length };
    const end = at + bytes.readUInt16BE(at);
    if (end < at + 2) return { end: null, code: 'jpeg_segment_invalid', at: code };
    if (end > bytes.length) return { end: null, code: 'jpeg_segment_outside_file', at: code };
    visitor.segment(marker, bytes.subarray(at + 2, end));
    at = end;
    if (marker !== SOS) continue;
    at = walkScan(bytes, end, visitor);
    hasScan = true;
  }
}

/** The next FF that begins a marker: FF 00 is a byte of data. */
export function findMarker(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && !(bytes[at] === 0xff && bytes[at + 1] !== 0x00)) at += 1;
  return at;
}

/** Any number of FF may stand before a marker's code (B.1.1.2). */
export function skipFill(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0xff) at += 1;
  return at;
}

/** Returns where the marker after the coded data begins. Restart markers count from 0 to 7 and begin again (B.2.1). */
function walkScan(bytes: Buffer, from: number, visitor: JpegVisitor): number {
  let at = from;
  let restarts = 0;
  let inOrder = true;
  for (;;) {
    at = findMarker(bytes, at);
    const code = skipFill(bytes, at);
    const marker = bytes[code];
    if (marker === undefined || !isRestart(marker)) {
      visitor.scan({ restarts, inOrder, from, to: at });
      return at;
    }
    if ((marker & 7) !== restarts % 8) inOrder = false;
    restarts += 1;
    at = code + 1;
  }
}
