import type { ReadStructure } from '../../structure-draft.ts';
import { readIconImages } from './directory.ts';

/** Reads the directory of an icon. A wrong length in it is harmless, because readers take the length from the image. */
export const readIcoStructure: ReadStructure = (bytes, draft) => {
  const images = readIconImages(bytes);
  draft.properties.frames = images.length;
  draft.properties.animated = false;
  const end = Math.max(6 + 16 * images.length, ...images.map(({ at, bytes: length }) => at + length));
  if (end > bytes.length) draft.note('ico_data_outside_file', `${end} of ${bytes.length} bytes`);
  draft.setEnd(bytes, end);
};
