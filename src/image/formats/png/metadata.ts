import { inflateSync } from 'node:zlib';
import { USUAL_TEXT_BYTES, USUAL_TEXTS_BYTES } from '../../limits.ts';
import type { StructureDraft } from '../../structure-draft.ts';

/** Lengths of chunks in bytes (PNG 3rd edition, 11.3). */
const LENGTHS: { readonly [type: string]: number } = {
  acTL: 8,
  cHRM: 32,
  cICP: 4,
  cLLI: 8,
  gAMA: 4,
  mDCV: 24,
  pHYs: 9,
  sRGB: 1,
  tIME: 7,
};

/** Shorter deflated data cannot become a text that is too long, because deflate makes data at most 1,032 times shorter. */
const SUSPICIOUS_BYTES = Math.floor(USUAL_TEXT_BYTES / 1032);

/** Notes chunks about the picture that widely used readers refuse. Decoders that only want pixels skip them. */
export class PngMetadata {
  private readonly draft: StructureDraft;
  private colours = 0;
  private textBytes = 0;

  constructor(draft: StructureDraft) {
    this.draft = draft;
  }

  next(type: string, data: Buffer): void {
    if (type === 'PLTE') this.colours = data.length / 3;
    const [least, most] = this.lengthsOf(type);
    if (data.length < least || data.length > most) {
      this.draft.note('png_metadata_invalid', `${type} of ${data.length} bytes`);
    } else if (type === 'sRGB' && data.readUInt8(0) > 3) this.draft.note('png_metadata_invalid', 'sRGB');
    else if (type === 'gAMA' && data.readUInt32BE(0) === 0) this.draft.note('png_metadata_invalid', 'gAMA 0');
    else if (type === 'tEXt') this.addText(type, data.length);
    else if (type === 'zTXt' || type === 'iCCP') this.deflated(type, data);
    else if (type === 'iTXt') this.internationalText(data);
  }

  /** Least and most bytes of a chunk. Some depend on the colour type and the palette. */
  private lengthsOf(type: string): readonly [number, number] {
    const { colourSpace, channels = 1 } = this.draft.properties;
    const isPalette = colourSpace === 'palette';
    const samples = colourSpace === 'rgb' ? 3 : 1;
    const exactly = (bytes: number) => [bytes, bytes] as const;
    const length = LENGTHS[type];
    if (length !== undefined) return exactly(length);
    if (type === 'bKGD') return exactly(isPalette ? 1 : 2 * samples);
    if (type === 'sBIT') return exactly(isPalette ? 3 : channels);
    if (type === 'hIST') return exactly(2 * this.colours);
    if (type === 'tRNS') return isPalette ? [1, this.colours] : exactly(2 * samples);
    return [0, Infinity];
  }

  /** A keyword, a zero, a method and a zlib stream (11.3.3.3). A profile is stored likewise. */
  private deflated(type: string, data: Buffer): void {
    const keywordEnd = data.indexOf(0);
    if (keywordEnd === -1) return;
    if (type === 'zTXt' && (data[keywordEnd + 1] ?? 0) !== 0)
      this.draft.note('png_metadata_invalid', 'zTXt with an unknown method');
    const bytes = this.inflatedBytes(data.subarray(keywordEnd + 2));
    if (type === 'zTXt') this.addText(type, bytes);
    if (bytes > USUAL_TEXT_BYTES) this.tooLarge(type);
  }

  /** A keyword, a zero, whether the text is deflated, a method, a language, a zero, the keyword again, a zero and the text (11.3.3.4). */
  private internationalText(data: Buffer): void {
    const keywordEnd = data.indexOf(0);
    const languageEnd = data.indexOf(0, keywordEnd + 3);
    const textAt = data.indexOf(0, languageEnd + 1) + 1;
    if (keywordEnd === -1 || languageEnd === -1 || textAt === 0) return;
    const text = data.subarray(textAt);
    const isDeflated = data[keywordEnd + 1] === 1;
    const bytes = isDeflated ? this.inflatedBytes(text) : text.length;
    this.addText('iTXt', bytes);
    if (isDeflated && bytes > USUAL_TEXT_BYTES) this.tooLarge('iTXt');
  }

  private addText(type: string, bytes: number): void {
    this.textBytes += bytes;
    if (this.textBytes > USUAL_TEXTS_BYTES) this.tooLarge(type);
  }

  private tooLarge(type: string): void {
    this.draft.note('png_metadata_large', type);
  }

  /**
   * At least so many bytes. They are exact near the bound. After the first chunk that is too large nothing is inflated, so
   * a file costs at most as much time as `USUAL_TEXTS_BYTES` of text.
   */
  private inflatedBytes(stream: Buffer): number {
    if (stream.length < SUSPICIOUS_BYTES || this.draft.has('png_metadata_large')) return stream.length;
    try {
      return inflateSync(stream, { maxOutputLength: USUAL_TEXT_BYTES }).length;
    } catch (error) {
      // Readers take a text that does not inflate for an empty one.
      return (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? Infinity : stream.length;
    }
  }
}
