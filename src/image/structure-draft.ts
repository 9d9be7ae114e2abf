import type { ImageNote, ImageProperties } from '../domain/image-facts.ts';
import { createNote, damageOf, type ImageNoteCode } from '../domain/image-notes.ts';
import { MAX_PARTS } from './limits.ts';
import type { PngFrame } from './formats/png/frame-data.ts';
import type { TiffPage } from './formats/tiff/pages.ts';

/** Reads the structure of one format into `draft`. The caller catches the RangeErrors of reads beyond the end. */
export type ReadStructure = (bytes: Buffer, draft: StructureDraft) => void;

/** Bytes in the file, and what the decoder is shown in their place: a value for each byte, or as many other bytes. */
export interface Mend {
  readonly bytes: Buffer;
  readonly shown: number | Buffer;
}

/** Results of a walk over a file. They stay if the walk ends early. */
export class StructureDraft {
  readonly properties: { -readonly [Name in keyof ImageProperties]: ImageProperties[Name] } = {};
  readonly notes: ImageNote[] = [];
  /** The reason why nothing is decoded, even if the file is sound. Null if there is a decoder. */
  notDecoded: string | null = null;
  /** Bytes that touch no pixel, and that the decoder would warn of. */
  readonly mends: Mend[] = [];
  /** Pages of a TIFF. */
  readonly pages: TiffPage[] = [];
  /** Frames of a PNG after its still picture. */
  readonly pngFrames: PngFrame[] = [];

  /** Coefficients that the decoder of a JPEG keeps, because the picture comes in several scans. */
  coefficients = 0;

  private parts = 0;

  /** Counts parts of a file. Above `MAX_PARTS` it adds a note and returns false, and the walk must end. */
  allowParts(count = 1): boolean {
    this.parts += count;
    if (this.parts > MAX_PARTS) this.note('too_many_parts');
    return this.parts <= MAX_PARTS;
  }

  /** Keeps only the first note of each code, because a thousand bad checksums say no more than one. */
  note(code: ImageNoteCode, detail?: string): void {
    if (!this.has(code)) this.notes.push(createNote(code, detail));
  }

  get isDamaged(): boolean {
    return damageOf(this.notes) !== null;
  }

  has(code: ImageNoteCode): boolean {
    return this.notes.some((note) => note.code === code);
  }

  mend(bytes: Buffer, shown: number | Buffer): void {
    this.mends.push({ bytes, shown });
  }

  /** Frames that are shown one after another. */
  setFrames(frames: number): void {
    this.properties.frames = frames;
    this.properties.animated = frames > 1;
    if (frames > 1) this.note('animated', `${frames} frames`);
  }

  /** `end` is where the picture ends. */
  setEnd(bytes: Buffer, end: number): void {
    const trailing = Math.max(0, bytes.length - end);
    this.properties.trailingBytes = trailing;
    if (trailing > 0) this.note('trailing_bytes', `${trailing} bytes`);
  }

  /** `state` of the colour profile, which starts as `none`. */
  setIcc(state: 'valid' | 'garbage'): void {
    this.properties.iccState = state;
    if (state === 'garbage') this.note('icc_garbage');
  }

  /** `orientation` as EXIF numbers it, unchecked, or null if there is none. */
  setOrientation(orientation: number | null): void {
    if (orientation === null) return;
    if (Number.isInteger(orientation) && orientation >= 1 && orientation <= 8) {
      this.properties.orientation = orientation;
    } else this.note('orientation_invalid', String(orientation));
  }
}
