import { TiffFields } from './tiff/fields.ts';

const ORIENTATION = 0x0112;

/** Whether a block of EXIF begins here (Exif 3.0, 4.5.2: a TIFF header). */
function isTiffHeader(block: Buffer): boolean {
  const start = block.toString('latin1', 0, 4);
  return start === 'II*\0' || start === 'MM\0*';
}

/** The orientation of the first directory of an EXIF block, as it stands there; null where there is none. */
export function readExifOrientation(block: Buffer): number | null {
  if (!isTiffHeader(block)) return null;
  try {
    const tiff = new TiffFields(block);
    const field = tiff.readDirectory(tiff.firstDirectory)?.fields.get(ORIENTATION);
    return field === undefined ? null : tiff.value(field);
  } catch (error) {
    // Cut off or pointing out of the block: as if it weren't there.
    if (error instanceof RangeError) return null;
    throw error;
  }
}
