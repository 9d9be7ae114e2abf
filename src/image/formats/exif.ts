import { TiffFields } from './tiff/fields.ts';

const ORIENTATION = 0x0112;

/** Whether the block begins like EXIF (Exif 3.0, 4.5.2: with a TIFF header). */
function isTiffHeader(block: Buffer): boolean {
  const start = block.toString('latin1', 0, 4);
  return start === 'II*\0' || start === 'MM\0*';
}

/** The orientation in the first directory of an EXIF block, unchecked. Null if there is none. */
export function readExifOrientation(block: Buffer): number | null {
  if (!isTiffHeader(block)) return null;
  try {
    const tiff = new TiffFields(block);
    const field = tiff.readDirectory(tiff.firstDirectory)?.fields.get(ORIENTATION);
    return field === undefined ? null : tiff.value(field);
  } catch (error) {
    // The block is cut off or points out of itself, so it counts as missing.
    if (error instanceof RangeError) return null;
    throw error;
  }
}
