const SOS = 0xda;
const EOI = 0xd9;

export interface JpegSegment {
  readonly marker: number;
  /** Where its FF is, and where the next segment begins. The coded data of a scan belongs to its SOS. */
  readonly start: number;
  readonly end: number;
}

/** The segments of a whole JPEG from the first behind SOI to EOI. It must have no stray bytes. */
export function segmentsOf(bytes: Buffer): JpegSegment[] {
  const segments: JpegSegment[] = [];
  for (let at = 2; ; ) {
    const marker = bytes.readUInt8(at + 1);
    let end = marker === EOI ? at + 2 : at + 2 + bytes.readUInt16BE(at + 2);
    if (marker === SOS) while (!isMarker(bytes, end)) end += 1;
    segments.push({ marker, start: at, end });
    if (marker === EOI) return segments;
    at = end;
  }
}

/** Restart markers and stuffed bytes belong to the coded data. */
function isMarker(bytes: Buffer, at: number): boolean {
  const code = bytes.readUInt8(at + 1);
  return bytes[at] === 0xff && code !== 0 && (code < 0xd0 || code > 0xd7);
}

export function insert(bytes: Buffer, at: number, more: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
}
