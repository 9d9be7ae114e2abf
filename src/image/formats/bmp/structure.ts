import type { ReadStructure } from '../../structure-draft.ts';
import { type Bitmap, isGrey, readBitmap, rowBytesOf } from './bitmap.ts';

const FILE_HEADER_BYTES = 14;

/** Reads the two headers of a BMP. The pixels of an uncompressed file have a known size. */
export const readBmpStructure: ReadStructure = (bytes, draft) => {
  const { properties } = draft;
  properties.frames = 1;
  properties.animated = false;
  const dataAt = bytes.readUInt32LE(10);
  const bitmap = readBitmap(bytes, FILE_HEADER_BYTES, dataAt);
  if (bitmap === 'invalid') return draft.note('bmp_header_invalid');
  if (bitmap === 'unknown') {
    draft.notDecoded = 'no decoder for the compression';
    return;
  }
  Object.assign(properties, colourOf(bitmap));
  if (dataAt > bytes.length) return draft.note('bmp_data_outside_file', `data at ${dataAt}`);
  if (bitmap.isRunLength) return;
  const end = dataAt + rowBytesOf(bitmap) * bitmap.height;
  if (end > bytes.length) return draft.note('bmp_data_outside_file', `${end} of ${bytes.length} bytes`);
  // A profile may follow the pixels. The file's own size says what belongs to it.
  draft.setEnd(bytes, Math.max(end, bytes.readUInt32LE(2)));
};

function colourOf(bitmap: Bitmap) {
  const { bits, masks } = bitmap;
  const channels = masks?.length ?? (bits <= 8 ? 1 : 3);
  return {
    bitDepth: bits <= 8 ? bits : bits === 16 ? 5 : 8,
    channels,
    colourSpace: bits > 8 ? 'rgb' : isGrey(bitmap) ? 'grey' : 'palette',
    hasAlpha: channels === 4,
  } as const;
}
