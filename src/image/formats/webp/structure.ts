import { readExifOrientation } from '../exif.ts';
import { judgeIccProfile } from '../icc-profile.ts';
import type { ReadStructure, StructureDraft } from '../../structure-draft.ts';

/** Flags of VP8X (RFC 9649, 2.7) and the chunk that each announces. */
const FLAGS = [
  [0x20, 'ICCP'],
  [0x08, 'EXIF'],
  [0x04, 'XMP '],
  [0x02, 'ANIM'],
] as const;

/** Walks the chunks of a WebP (RFC 9649, 2.3 on): type, length, data, and a byte of padding after an odd length. */
export const readWebpStructure: ReadStructure = (bytes, draft) => {
  draft.properties.iccState = 'none';
  draft.properties.bitDepth = 8;
  // RIFF gives its length without its own first eight bytes.
  const end = 8 + bytes.readUInt32LE(4);
  if (end > bytes.length) {
    draft.note('webp_size_mismatch', `${end} bytes declared, ${bytes.length} found`);
  }
  const seen = new Set<string>();
  let frames = 0;
  let at = 12;
  while (at + 8 <= Math.min(end, bytes.length)) {
    if (!draft.allowParts()) return;
    const type = bytes.toString('latin1', at, at + 4);
    const next = at + 8 + bytes.readUInt32LE(at + 4);
    if (next > end) return draft.note('webp_chunk_outside_file', `at ${at}`);
    // The file is cut off, and that is noted already.
    if (next > bytes.length) return;
    if (type === 'ANMF') frames += 1;
    else if (seen.size < 16) seen.add(type);
    readChunk(type, bytes.subarray(at + 8, next), draft);
    at = next + (next % 2);
  }
  const hasImage = seen.has('VP8 ') || seen.has('VP8L');
  if (!hasImage && frames === 0) draft.note('webp_missing_image');
  if (seen.has('VP8X')) checkFlags(bytes, seen, frames, draft);
  draft.setFrames(Math.max(1, frames));
  // An odd length has a byte of padding.
  draft.setEnd(bytes, end + (end % 2));
};

function readChunk(type: string, data: Buffer, draft: StructureDraft): void {
  const { properties } = draft;
  if (type === 'ICCP') draft.setIcc(judgeIccProfile(data));
  else if (type === 'EXIF') draft.setOrientation(readExifOrientation(withoutPrefix(data)));
  else if (type === 'VP8X') setAlpha(draft, (data.readUInt8(0) & 0x10) !== 0);
  else if (type === 'VP8 ') {
    setAlpha(draft, properties.hasAlpha ?? false);
    properties.colourSpace = 'ycbcr';
  } else if (type === 'VP8L') {
    // After the signature come 14 bits of width, 14 bits of height, and one bit that says whether alpha is used.
    setAlpha(draft, properties.hasAlpha ?? (data.readUInt8(4) & 0x10) !== 0);
    properties.colourSpace = 'rgb';
  } else if (type === 'ANMF') readFrame(data, draft);
}

/** A frame's own chunks begin after 16 bytes of place and time. ALPH comes before VP8. */
function readFrame(data: Buffer, draft: StructureDraft): void {
  if (draft.properties.colourSpace !== undefined || data.length < 20) return;
  draft.properties.colourSpace = data.toString('latin1', 16, 20) === 'VP8L' ? 'rgb' : 'ycbcr';
}

function setAlpha(draft: StructureDraft, hasAlpha: boolean): void {
  draft.properties.hasAlpha = hasAlpha;
  draft.properties.channels = hasAlpha ? 4 : 3;
}

/** Some writers begin the block with the prefix that JPEG has. */
function withoutPrefix(data: Buffer): Buffer {
  return data.toString('latin1', 0, 6) === 'Exif\0\0' ? data.subarray(6) : data;
}

/**
 * VP8X announces the chunks that follow. Some readers trust it and some trust the
 * chunks, so they disagree if the two differ.
 */
function checkFlags(bytes: Buffer, seen: ReadonlySet<string>, frames: number, draft: StructureDraft): void {
  const flags = bytes.readUInt8(20);
  for (const [flag, type] of FLAGS) {
    if (((flags & flag) !== 0) !== seen.has(type)) draft.note('webp_inconsistent', `flag of ${type.trim()}`);
  }
  if (!seen.has('ANIM') && frames > 0) draft.note('webp_inconsistent', 'frames without ANIM');
  if (bytes.toString('latin1', 12, 16) !== 'VP8X') draft.note('webp_inconsistent', 'VP8X not first');
}
