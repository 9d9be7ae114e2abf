import { Applications, isJfif } from './applications.ts';
import { enterHuffmanTables } from './huffman-table.ts';
import { noteMissingScans } from './coverage.ts';
import { type ScanCoding, walkCodes } from './entropy.ts';
import {
  countCoefficients,
  countRestarts,
  guessColourSpace,
  type JpegFrame,
  readFrameHeader,
} from './frame.ts';
import { DHT, DRI, isHierarchical, isStartOfFrame, SOS } from './markers.ts';
import { mendSelection, mendTransform, mendVersion } from './odd-values.ts';
import { codingOf, type FoundCoefficients } from './scan.ts';
import { enterStandardTables } from './standard-tables.ts';
import { type CodedData, type JpegVisitor, walkJpeg } from './walk.ts';
import { MAX_SCANS } from '../../limits.ts';
import { noteMissingPictures } from './mpo-index.ts';
import type { ReadStructure, StructureDraft } from '../../structure-draft.ts';

/** A byte of which any number may stand before a marker (T.81, B.1.1.2). Other bytes there become it. */
const FILL = 0xff;

/**
 * Some cameras pad the coded data to a round length. More bytes than this belong
 * to a picture whose codes lost their place.
 */
const MAX_LEFT_BYTES = 15;

/** Walks the segments of a JPEG to its EOI, then those of each picture behind it. */
export const readJpegStructure: ReadStructure = (bytes, draft) => {
  const picture = new Picture(draft);
  const { end, ...why } = walkJpeg(bytes, 0, picture);
  picture.finish(bytes, end !== null);
  if (end === null) {
    if ('code' in why) draft.note(why.code, `at ${why.at}`);
    return;
  }
  const { pictures, end: lastEnd } = followPictures(bytes, end, draft);
  draft.properties.frames = pictures;
  draft.properties.animated = false;
  // A multi-picture file says so in its first picture (CIPA DC-007). In other files,
  // pictures behind the first were added later.
  if (picture.applications.index !== null) {
    noteMissingPictures(bytes, picture.applications.index, lastEnd, draft);
    draft.note('mpo', `${pictures} pictures`);
  } else if (pictures > 1) draft.note('second_image', `${pictures} pictures`);
  draft.setEnd(bytes, lastEnd);
};

/** Follows whole pictures, one behind the other. Zeros between them are allowed. */
function followPictures(
  bytes: Buffer,
  firstEnd: number,
  draft: StructureDraft,
): { pictures: number; end: number } {
  let pictures = 1;
  let end = firstEnd;
  for (;;) {
    let start = end;
    while (bytes[start] === 0) start += 1;
    if (bytes[start] !== 0xff || bytes[start + 1] !== 0xd8 || bytes[start + 2] !== 0xff) break;
    const next = walkJpeg(bytes, start, unheard);
    if (next.end === null || !draft.allowParts()) break;
    pictures += 1;
    end = next.end;
  }
  return { pictures, end };
}

const unheard: JpegVisitor = { segment: () => {}, scan: () => {}, garbage: () => {}, reserved: () => {} };

/** Reads the segments of the first picture, and notes missing ones. */
class Picture implements JpegVisitor {
  readonly applications: Applications;
  private readonly draft: StructureDraft;
  private frame: JpegFrame | null = null;
  private isHierarchical = false;
  private interval = 0;
  private scans: Buffer[] = [];
  private readonly found: FoundCoefficients = new Map();
  private readonly garbages: Buffer[] = [];
  private readonly tables = new Map<number, Buffer>();
  private readonly coded: { readonly data: CodedData; readonly coding: ScanCoding }[] = [];

  constructor(draft: StructureDraft) {
    this.draft = draft;
    this.applications = new Applications(draft);
  }

  segment(marker: number, data: Buffer): void {
    // Only a marker before the first frame header can begin a hierarchical picture (T.81, B.3.1).
    if (this.frame === null && isHierarchical(marker)) {
      this.isHierarchical = true;
      this.draft.note('jpeg_hierarchical');
      this.draft.notDecoded ??= 'no decoder for the hierarchical process';
    }
    if (isStartOfFrame(marker)) {
      this.frame ??= readFrameHeader(marker, data, this.draft);
    } else if (marker === DHT) enterHuffmanTables(data, this.tables);
    else if (marker === SOS) {
      this.scans.push(data);
      if (this.frame?.isSequential === true) mendSelection(data, this.draft);
      if (this.scans.length > MAX_SCANS) this.draft.note('too_many_parts', `more than ${MAX_SCANS} scans`);
    } else if (marker === DRI && data.length >= 2) this.interval = data.readUInt16BE(0);
    else if (isJfif(marker, data)) mendVersion(data, this.draft);
    if (this.scans.length === 0) this.applications.segment(marker, data);
  }

  scan(data: CodedData): void {
    const { restarts, inOrder } = data;
    const header = this.scans.at(-1);
    // The frames of a hierarchical picture differ in size, and only the first is kept.
    if (this.frame === null || header === undefined || this.isHierarchical) return;
    const expected = countRestarts(this.frame, this.interval, header);
    if (!inOrder) this.draft.note('jpeg_restart_marker_missing', 'out of order');
    else if (expected !== null && restarts < expected) {
      this.draft.note('jpeg_restart_marker_missing', `${restarts} of ${expected}`);
    }
    if (this.draft.isDamaged) return;
    if (this.frame.isSequential) enterStandardTables(this.tables);
    const coding = codingOf(this.frame, this.interval, header, this.tables, this.found);
    if (coding !== null) this.coded.push({ data, coding });
  }

  garbage(found: Buffer, at: number): void {
    this.draft.note('jpeg_garbage_between_segments', `at ${at}`);
    this.garbages.push(found);
  }

  reserved(at: number): void {
    this.draft.note('jpeg_garbage_between_segments', `at ${at}`);
  }

  finish(bytes: Buffer, isWhole: boolean): void {
    if (this.frame !== null) {
      this.readColours(this.frame);
      this.draft.properties.hasAlpha = false;
    }
    this.applications.finish();
    if (!isWhole) return;
    if (this.frame === null) this.draft.note('jpeg_missing_sof');
    else if (this.scans.length === 0) this.draft.note('jpeg_missing_sos');
    else if (this.frame.isLossless && !this.isHierarchical && !this.scans.every(hasPredictor)) {
      this.draft.note('jpeg_segment_invalid', 'a lossless scan without a predictor');
    } else {
      noteMissingScans(this.frame, this.scans, this.draft);
      this.draft.coefficients = this.countKept(this.frame);
      this.followCodes(bytes);
    }
  }

  /** A decoder keeps the coefficients of a picture whose first scan does not give all of them. */
  private countKept(frame: JpegFrame): number {
    const [first] = this.scans;
    const isWhole = !frame.isProgressive && first?.[0] === frame.components.length;
    return isWhole ? 0 : countCoefficients(frame);
  }

  private readColours(frame: JpegFrame): void {
    const { hasJfif, adobe } = this.applications;
    const { length } = frame.components;
    const colours = guessColourSpace(frame, hasJfif, adobe);
    this.draft.properties.colourSpace = colours;
    // JFIF decides about three components, so that libjpeg does not look at Adobe's segment.
    if (adobe !== null && !(hasJfif && length === 3)) mendTransform(adobe, length, this.draft);
    for (const garbage of this.garbages) {
      const hidden = garbage.indexOf('Adobe');
      // A segment of Adobe that has lost its marker. Of four components it says more than their names.
      const hasLostColours =
        hidden !== -1 &&
        (length === 4 || guessColourSpace(frame, hasJfif, garbage.subarray(hidden)) !== colours);
      if (!hasLostColours) this.draft.mend(garbage, FILL);
    }
  }

  /** Only if no damage has shown so far, because reading the codes costs the most. */
  private followCodes(bytes: Buffer): void {
    for (const { data, coding } of this.coded) {
      if (this.draft.isDamaged) return;
      const end = walkCodes(bytes, data.from, data.to, coding);
      if (end === 'short') this.draft.note('jpeg_data_short');
      else if (end === 'invalid') this.draft.note('jpeg_code_invalid');
      else this.noteLeft(end.left);
    }
  }

  private noteLeft(left: readonly Buffer[]): void {
    const bytes = left.reduce((sum, { length }) => sum + length, 0);
    if (bytes === 0 || !this.draft.allowParts(left.length)) return;
    if (bytes > MAX_LEFT_BYTES && !isOneValue(left))
      return this.draft.note('jpeg_data_left', `${bytes} bytes`);
    this.draft.note('jpeg_bytes_left', `${bytes} bytes`);
    for (const part of left) this.draft.mend(part, FILL);
  }
}

/** Whether all bytes are equal. That is padding: codes of pixels differ. */
function isOneValue(parts: readonly Buffer[]): boolean {
  const value = parts[0]?.[0];
  return parts.every((part) => part.every((byte) => byte === value));
}

/** The scan header of a lossless picture names a predictor, 1 to 7, where others name a coefficient (T.81, H.1.2.1). */
function hasPredictor(header: Buffer): boolean {
  const predictor = header[1 + 2 * (header[0] ?? 0)] ?? 0;
  return predictor >= 1 && predictor <= 7;
}
