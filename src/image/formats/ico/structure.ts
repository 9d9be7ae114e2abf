import type { ImageProperties } from '../../../domain/image-facts.ts';
import { type ReadStructure, StructureDraft } from '../../structure-draft.ts';
import { isGrey, readBitmap } from '../bmp/bitmap.ts';
import { readPngStructure } from '../png/structure.ts';
import { type IconImage, mainImageOf, readIconImages } from './directory.ts';

/** Reads the directory of an icon. A wrong length in it is harmless, because readers take the length from the image. */
export const readIcoStructure: ReadStructure = (bytes, draft) => {
  const images = readIconImages(bytes);
  draft.properties.frames = images.length;
  draft.properties.animated = false;
  const end = Math.max(6 + 16 * images.length, ...images.map(({ at, bytes: length }) => at + length));
  if (end > bytes.length) draft.note('ico_data_outside_file', `${end} of ${bytes.length} bytes`);
  draft.setEnd(bytes, end);
  const main = mainImageOf(images);
  if (main !== undefined) Object.assign(draft.properties, readColours(bytes, main));
};

type Colours = Pick<ImageProperties, 'colourSpace' | 'hasAlpha'>;

/** The colours of the image that readers show. Faults of images are found when they are decoded. */
function readColours(bytes: Buffer, { at, isPng }: IconImage): Colours {
  try {
    return isPng ? coloursOfPng(bytes.subarray(at)) : coloursOfBitmap(bytes, at);
  } catch (error) {
    if (error instanceof RangeError) return {};
    throw error;
  }
}

function coloursOfPng(png: Buffer): Colours {
  const draft = new StructureDraft();
  readPngStructure(png, draft);
  const { colourSpace, hasAlpha } = draft.properties;
  return { ...(colourSpace !== undefined && { colourSpace }), ...(hasAlpha !== undefined && { hasAlpha }) };
}

/** The mask of a bitmap is alpha. */
function coloursOfBitmap(bytes: Buffer, at: number): Colours {
  const bitmap = readBitmap(bytes, at, null);
  if (typeof bitmap === 'string') return {};
  return {
    colourSpace: bitmap.bits > 8 ? 'rgb' : isGrey(bitmap) ? 'grey' : 'palette',
    hasAlpha: true,
  };
}
