import { createHash } from 'node:crypto';
import type {
  HeaderFacts,
  ImageFacts,
  ImageFormat,
  ImageNote,
  Integrity,
  Measures,
} from '../domain/image-facts.ts';
import type { Measure } from '../domain/measures.ts';
import type { Dimensions } from './dimensions.ts';
import { readHeaderDimensions } from './header-dimensions.ts';
import { HEAD_BYTES, MAX_BYTES_IN_MEMORY } from './limits.ts';
import { sniffFormat } from './sniff.ts';
import { describeStructure, readStructure, type Structure } from './structure.ts';

/** Enough bytes of a file to find its format. */
const SNIFF_BYTES = 512;

/** Only an intact picture is measured, because a damaged one fails anyway. */
export interface Decoded {
  readonly integrity: Integrity;
  readonly measures?: Measures;
  /** Notes that decoding adds to those on the structure. */
  readonly note?: ImageNote;
}

/** What is known of a picture before it is decoded. */
export interface DecodeInput {
  readonly size: Dimensions | null;
  readonly structure: Structure;
  /** The measures to compute from the pixels. */
  readonly measures: readonly Measure[];
  /** Called with the number of pixels that the picture declares, and again if all frames turn out to have more. */
  readonly onWork: (pixels: number) => void;
}

export type Decode = (bytes: Buffer, format: ImageFormat, input: DecodeInput) => Promise<Decoded>;

/** What the inspection reports on its way. */
interface InspectionEvents {
  readonly onHeader: (facts: HeaderFacts) => void;
  readonly onWork: DecodeInput['onWork'];
}

export interface Inspection {
  /** Takes the next bytes of the file. */
  take(block: Buffer): void;
  /** Called after the last block. Reports the header, then decodes. */
  finish(events: InspectionEvents): Promise<ImageFacts>;
}

/**
 * Inspects a file that comes in blocks. `bytes` is its length when it was opened. Null if the first block is not of an
 * image. Runs only in a decoder process (`decoder/child.ts`).
 */
export function startInspection(
  bytes: number,
  first: Buffer,
  measures: readonly Measure[],
  decode: Decode,
): Inspection | null {
  const format = sniffFormat(first.subarray(0, SNIFF_BYTES));
  if (format === null) return null;
  const isLarge = bytes > MAX_BYTES_IN_MEMORY;
  // Only the head of a large file is read, because hashing a terabyte would occupy the decoder for an hour.
  const hash = isLarge ? null : createHash('sha256');
  const content = Buffer.allocUnsafeSlow(isLarge ? HEAD_BYTES : bytes);
  let seen = 0;

  function take(block: Buffer): void {
    hash?.update(block);
    if (seen < content.length) block.copy(content, seen);
    seen += block.length;
  }

  async function finish({ onHeader, onWork }: InspectionEvents): Promise<ImageFacts> {
    // `seen` is less than the buffer's length if the file has shrunk since it was opened.
    const kept = content.subarray(0, seen);
    const size = readHeaderDimensions(format as ImageFormat, kept);
    const facts = {
      format: format as ImageFormat,
      width: size?.width ?? null,
      height: size?.height ?? null,
      bytes: isLarge ? bytes : seen,
      sha256: hash?.digest('hex') ?? null,
    };
    onHeader(facts);
    return {
      ...facts,
      ...(isLarge ? judgeLarge() : await judge(kept, facts.format, { size, measures, onWork }, decode)),
    };
  }

  take(first);
  return { take, finish };
}

type Judged = Pick<ImageFacts, 'integrity'> & Partial<ImageFacts>;

async function judge(
  content: Buffer,
  format: ImageFormat,
  input: Omit<DecodeInput, 'structure'>,
  decode: Decode,
): Promise<Judged> {
  const onWork = reportMost(input.onWork);
  if (input.size !== null) onWork(input.size.width * input.size.height);
  const structure = readStructure(format, content);
  const { note, ...decoded } = await decode(content, format, { ...input, structure, onWork });
  return { ...decoded, ...describeStructure(structure, input.size, decoded.integrity, note) };
}

/** Reports only numbers above all before. */
function reportMost(report: (pixels: number) => void): (pixels: number) => void {
  let most = 0;
  return (pixels) => {
    if (pixels <= most) return;
    most = pixels;
    report(pixels);
  };
}

/** Judges a file that is too large for memory. Only its head is known, which says nothing about its structure. */
function judgeLarge(): Judged {
  return {
    integrity: { state: 'damaged', reason: `larger than ${MAX_BYTES_IN_MEMORY / 1024 / 1024} MiB` },
  };
}
