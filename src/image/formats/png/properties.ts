import { inflateSync } from 'node:zlib';
import type { ColourSpace } from '../../../domain/image-facts.ts';
import { readExifOrientation } from '../exif.ts';
import { judgeIccProfile } from '../icc-profile.ts';
import { MAX_PROFILE_BYTES } from '../../limits.ts';
import type { StructureDraft } from '../../structure-draft.ts';

interface ColourType {
  readonly colourSpace: ColourSpace;
  readonly channels: number;
  readonly depths: readonly number[];
}

/** Colour types and the bit depths that each may have (PNG 3rd edition, 11.2.1, table 12). */
const COLOUR_TYPES: { readonly [type: number]: ColourType } = {
  0: { colourSpace: 'grey', channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { colourSpace: 'rgb', channels: 3, depths: [8, 16] },
  3: { colourSpace: 'palette', channels: 1, depths: [1, 2, 4, 8] },
  4: { colourSpace: 'grey', channels: 2, depths: [8, 16] },
  6: { colourSpace: 'rgb', channels: 4, depths: [8, 16] },
};

export function readPngHeader(data: Buffer, draft: StructureDraft): void {
  if (data.length < 13) return;
  const depth = data.readUInt8(8);
  const type = data.readUInt8(9);
  const colour = COLOUR_TYPES[type];
  if (colour === undefined) draft.note('png_header_invalid', `colour type ${type}`);
  else if (!colour.depths.includes(depth)) {
    draft.note('png_header_invalid', `bit depth ${depth} with colour type ${type}`);
  }
  if (data.readUInt32BE(0) === 0 || data.readUInt32BE(4) === 0) draft.note('png_header_invalid', 'no pixels');
  if (data.readUInt8(10) !== 0 || data.readUInt8(11) !== 0 || data.readUInt8(12) > 1) {
    draft.note('png_header_invalid', 'unknown method of compression, filter or interlace');
  }
  const { properties } = draft;
  properties.bitDepth = depth;
  properties.interlaced = data.readUInt8(12) === 1;
  if (colour === undefined) return;
  properties.channels = colour.channels;
  properties.colourSpace = colour.colourSpace;
  properties.hasAlpha = type === 4 || type === 6;
}

/** Reads the chunks that describe the whole picture. */
export function readPngMetadata(type: string, data: Buffer, draft: StructureDraft): void {
  if (type === 'eXIf') draft.setOrientation(readExifOrientation(data));
  else if (type === 'iCCP' && draft.properties.iccState === 'none') draft.setIcc(judgeProfileChunk(data));
  else if (type === 'tRNS') {
    if (draft.properties.hasAlpha === true) draft.note('png_nonconforming', 'tRNS and an alpha channel');
    draft.properties.hasAlpha = true;
  }
}

/**
 * The chunk has a name of 1 to 79 bytes, a zero, method 0 and a zlib stream (11.3.2.3). Inflating stops above the size
 * of any real profile.
 */
function judgeProfileChunk(data: Buffer): 'valid' | 'garbage' {
  const nameEnd = data.indexOf(0);
  if (nameEnd < 1 || nameEnd > 79 || data[nameEnd + 1] !== 0) return 'garbage';
  try {
    return judgeIccProfile(inflateSync(data.subarray(nameEnd + 2), { maxOutputLength: MAX_PROFILE_BYTES }));
  } catch {
    // The data is no zlib stream, or it is longer than any profile.
    return 'garbage';
  }
}
