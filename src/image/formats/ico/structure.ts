import type { ReadStructure } from '../../structure-draft.ts';

/** Reads the directory of an icon. Each image has 16 bytes, which end with its length and place. */
export const readIcoStructure: ReadStructure = (bytes, draft) => {
  const images = bytes.readUInt16LE(4);
  draft.properties.frames = images;
  draft.properties.animated = false;
  let end = 6 + 16 * images;
  for (let image = 0; image < images; image += 1) {
    const at = 6 + 16 * image;
    end = Math.max(end, bytes.readUInt32LE(at + 8) + bytes.readUInt32LE(at + 12));
  }
  if (end > bytes.length) draft.note('ico_data_outside_file', `${end} of ${bytes.length} bytes`);
  draft.setEnd(bytes, end);
};
