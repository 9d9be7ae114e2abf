import type {
  ImageFacts,
  ImageFormat,
  ImageNote,
  ImageProperties,
  Integrity,
} from '../domain/image-facts.ts';
import { createNote, type DamageReason, damageOf, MAX_NOTES } from '../domain/image-notes.ts';
import { readBmpStructure } from './formats/bmp/structure.ts';
import type { Dimensions } from './dimensions.ts';
import { readGifStructure } from './formats/gif/structure.ts';
import { readAvifStructure, readHeifStructure } from './formats/heif/structure.ts';
import { readIcoStructure } from './formats/ico/structure.ts';
import { readJpegStructure } from './formats/jpeg/structure.ts';
import type { PngFrame } from './formats/png/frame-data.ts';
import { readPngStructure } from './formats/png/structure.ts';
import { readPsdStructure } from './formats/psd/structure.ts';
import { type Mend, type ReadStructure, StructureDraft } from './structure-draft.ts';
import type { TiffPage } from './formats/tiff/pages.ts';
import { readTiffStructure } from './formats/tiff/structure.ts';
import { readWebpStructure } from './formats/webp/structure.ts';

const READERS: Record<ImageFormat, ReadStructure> = {
  JPEG: readJpegStructure,
  PNG: readPngStructure,
  GIF: readGifStructure,
  WEBP: readWebpStructure,
  BMP: readBmpStructure,
  TIFF: readTiffStructure,
  HEIF: readHeifStructure,
  AVIF: readAvifStructure,
  ICO: readIcoStructure,
  PSD: readPsdStructure,
};

/** Facts about a file that need no decoded pixel. */
export interface Structure {
  readonly properties: ImageProperties;
  readonly notes: readonly ImageNote[];
  /** The reason why the file cannot be whole. Null if the structure shows no damage. */
  readonly damage: DamageReason | null;
  /** The reason why nothing is decoded, even if the file is sound. Null if there is a decoder. */
  readonly notDecoded: string | null;
  /** Changes to make before decoding. With them, all warnings of the decoder are about pixels. */
  readonly mends: readonly Mend[];
  /** Pages of a TIFF. */
  readonly pages: readonly TiffPage[];
  /** Frames of a PNG after its still picture. */
  readonly pngFrames: readonly PngFrame[];
  /** Coefficients that the decoder of a JPEG keeps, because the picture comes in several scans. */
  readonly coefficients: number;
}

/** Reads the structure of a whole file, in time and memory bounded by its length. No content makes it throw. */
export function readStructure(format: ImageFormat, bytes: Buffer): Structure {
  const draft = new StructureDraft();
  try {
    READERS[format](bytes, draft);
  } catch (error) {
    // The file is cut off. Results up to there stay.
    if (!(error instanceof RangeError)) throw error;
    draft.note('structure_cut_off');
  }
  const { properties, notes, notDecoded, mends, pages, pngFrames, coefficients } = draft;
  return { properties, notes, damage: damageOf(notes), notDecoded, mends, pages, pngFrames, coefficients };
}

/**
 * The facts from the structure, made after decoding. If only the decoder found
 * damage, an error about it is added to the notes. `note` is what decoding adds.
 */
export function describeStructure(
  { properties, notes, damage }: Structure,
  size: Dimensions | null,
  integrity: Integrity,
  note?: ImageNote,
): Partial<ImageFacts> {
  const { orientation = 1 } = properties;
  const isUndecodable = integrity.state === 'damaged' && damage === null;
  const all = [
    ...(isUndecodable ? [createNote('undecodable', integrity.reason)] : []),
    ...(note === undefined ? [] : [note]),
    ...notes,
  ];
  return {
    ...properties,
    ...(size !== null && { displayed: turn(size, orientation) }),
    notes: all.slice(0, MAX_NOTES),
  };
}

/** Orientations 5 to 8 swap width and height. */
function turn({ width, height }: Dimensions, orientation: number): Dimensions {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}
