import type { ReadStructure } from '../../structure-draft.ts';

/** BITMAPCOREHEADER, whose fields have other widths. */
const CORE_HEADER_BYTES = 12;

/** BI_RGB and BI_BITFIELDS have rows of known length. The others are compressed. */
const UNCOMPRESSED = new Set([0, 3]);

/** Reads the two headers of a BMP. The pixels of an uncompressed file have a known size. */
export const readBmpStructure: ReadStructure = (bytes, draft) => {
  const isCore = bytes.readUInt32LE(14) === CORE_HEADER_BYTES;
  const bits = bytes.readUInt16LE(isCore ? 24 : 28);
  const { properties } = draft;
  properties.frames = 1;
  properties.animated = false;
  properties.bitDepth = bits <= 8 ? bits : bits === 16 ? 5 : 8;
  properties.channels = bits <= 8 ? 1 : bits === 32 ? 4 : 3;
  properties.colourSpace = bits <= 8 ? 'palette' : 'rgb';
  const dataAt = bytes.readUInt32LE(10);
  if (dataAt > bytes.length) return draft.note('bmp_data_outside_file', `data at ${dataAt}`);
  if (!isCore && !UNCOMPRESSED.has(bytes.readUInt32LE(30))) return;
  const width = isCore ? bytes.readUInt16LE(18) : bytes.readInt32LE(18);
  const height = isCore ? bytes.readUInt16LE(20) : Math.abs(bytes.readInt32LE(22));
  // Rows are padded to a multiple of four bytes.
  const end = dataAt + Math.ceil((width * bits) / 32) * 4 * height;
  if (end > bytes.length) return draft.note('bmp_data_outside_file', `${end} of ${bytes.length} bytes`);
  // A profile may follow the pixels. The file's own size says what belongs to it.
  draft.setEnd(bytes, Math.max(end, bytes.readUInt32LE(2)));
};
