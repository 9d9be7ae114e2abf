import type { Integrity } from '../domain/image-facts.ts';
import type { DamageReason } from '../domain/image-notes.ts';
import { type BitmapFault, readBitmap } from './formats/bmp/bitmap.ts';
import { readBitmapPixels } from './formats/bmp/pixels.ts';
import { mainImageOf, readIconImages } from './formats/ico/directory.ts';
import { readIconBitmap } from './formats/ico/pixels.ts';
import type { Pixels } from './measures/pixels.ts';
import { readStructure, type Structure } from './structure.ts';

const FILE_HEADER_BYTES = 14;

/** The pixels, or the reason why there are none. */
export type Outcome = Pixels | Integrity;

/** Decodes a BMP. */
export function decodeBmp(bytes: Buffer): Outcome {
  return orTruncated(() => {
    const bitmap = readBitmap(bytes, FILE_HEADER_BYTES, bytes.readUInt32LE(10));
    return outcomeOf(typeof bitmap === 'string' ? bitmap : readBitmapPixels(bytes, bitmap));
  });
}

/**
 * Decodes all images of an icon, and returns the one that readers show. An image is a bitmap or a whole PNG. Null if all images
 * together have more than `maxPixels`.
 */
export async function decodeIcon(
  bytes: Buffer,
  maxPixels: number,
  decodePng: (png: Buffer, structure: Structure) => Promise<Pixels | null>,
): Promise<Outcome | null> {
  const images = readIconImages(bytes);
  if (images.reduce((sum, { width, height }) => sum + width * height, 0) > maxPixels) return null;
  const main = mainImageOf(images);
  let shown: Pixels | null = null;
  for (const image of images) {
    const outcome = image.isPng
      ? await decodeWholePng(bytes.subarray(image.at), decodePng)
      : orTruncated(() => outcomeOf(readIconBitmap(bytes, image.at)));
    if (outcome === null || 'state' in outcome) return outcome;
    if (image === main) shown = outcome;
  }
  return shown ?? damaged('corrupt data');
}

async function decodeWholePng(
  bytes: Buffer,
  decodePng: (png: Buffer, structure: Structure) => Promise<Pixels | null>,
): Promise<Outcome | null> {
  const structure = readStructure('PNG', bytes);
  return structure.damage === null ? decodePng(bytes, structure) : damaged(structure.damage);
}

/** Reads beyond the end of the file throw. */
function orTruncated(read: () => Outcome): Outcome {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return damaged('truncated');
    throw error;
  }
}

function outcomeOf(found: Pixels | BitmapFault | null): Outcome {
  if (found === null) return damaged('truncated');
  if (found === 'invalid') return damaged('corrupt data');
  if (found === 'unknown') return { state: 'not_checked', reason: 'no decoder for the compression' };
  return found;
}

function damaged(reason: DamageReason): Integrity {
  return { state: 'damaged', reason };
}
