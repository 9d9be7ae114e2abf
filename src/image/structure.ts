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
import { readPngStructure } from './formats/png/structure.ts';
import { readPsdStructure } from './formats/psd/structure.ts';
import { type ReadStructure, StructureDraft } from './structure-draft.ts';
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

/** What a file says of itself without a pixel decoded. */
export interface Structure {
  readonly properties: ImageProperties;
  readonly notes: readonly ImageNote[];
  /** Why it can't be whole; null where the structure shows nothing. */
  readonly damage: DamageReason | null;
  /** Why nothing is decoded, however sound the file is; null where there is a decoder. */
  readonly notDecoded: string | null;
  /** Pages of a TIFF. */
  readonly pages: readonly TiffPage[];
}

/** Reads the structure of a whole file, in time and memory bounded by its length. Its content never makes it throw. */
export function readStructure(format: ImageFormat, bytes: Buffer): Structure {
  const draft = new StructureDraft();
  try {
    READERS[format](bytes, draft);
  } catch (error) {
    // The file ends before its fields do. What was found until then stands.
    if (!(error instanceof RangeError)) throw error;
    draft.note('structure_cut_off');
  }
  const { properties, notes, notDecoded, pages } = draft;
  return { properties, notes, damage: damageOf(notes), notDecoded, pages };
}

/** The part of the facts that the structure gives, once the decoder has spoken: every damage has its error among the notes. */
export function describeStructure(
  { properties, notes, damage }: Structure,
  size: Dimensions | null,
  integrity: Integrity,
): Partial<ImageFacts> {
  const { orientation = 1 } = properties;
  const all =
    integrity.state === 'damaged' && damage === null
      ? [createNote('undecodable', integrity.reason), ...notes]
      : notes;
  return {
    ...properties,
    ...(size !== null && { displayed: turn(size, orientation) }),
    notes: all.slice(0, MAX_NOTES),
  };
}

/** Orientations from 5 on lie on their side. */
function turn({ width, height }: Dimensions, orientation: number): Dimensions {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}
