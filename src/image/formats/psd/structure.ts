import type { ColourSpace } from '../../../domain/image-facts.ts';
import type { ReadStructure } from '../../structure-draft.ts';

/** Colour modes (Adobe Photoshop File Formats Specification, "File Header Section"). */
const COLOUR_MODES: { readonly [mode: number]: ColourSpace } = {
  0: 'grey',
  1: 'grey',
  2: 'palette',
  3: 'rgb',
  4: 'cmyk',
  8: 'grey',
  9: 'lab',
};

const HEADER_BYTES = 26;

/**
 * Reads the header, and the lengths of the three sections before the pixels. The
 * third length has 8 bytes in a large document.
 */
export const readPsdStructure: ReadStructure = (bytes, draft) => {
  const { properties } = draft;
  properties.frames = 1;
  properties.animated = false;
  properties.channels = bytes.readUInt16BE(12);
  properties.bitDepth = bytes.readUInt16BE(22);
  properties.colourSpace = COLOUR_MODES[bytes.readUInt16BE(24)] ?? 'other';
  const isLarge = bytes.readUInt16BE(4) === 2;
  let at = HEADER_BYTES;
  for (const section of ['colour mode', 'resources', 'layers']) {
    const isWide = isLarge && section === 'layers';
    at += isWide ? 8 + Number(bytes.readBigUInt64BE(at)) : 4 + bytes.readUInt32BE(at);
    if (at > bytes.length) return draft.note('psd_data_outside_file', section);
  }
};
