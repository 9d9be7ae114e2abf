import type { Metadata } from 'sharp';
import type { ImageFormat } from '../domain/image-facts.ts';
import type { Structure } from './structure.ts';

/** Node, the libraries and the rows in work. */
const OWN_BYTES = 160 * 1024 * 1024;

const COEFFICIENT_BYTES = 2;

/** Bytes that a decoder keeps for each pixel of a frame, because it works on whole frames. Measured, and rounded up. */
const BYTES_PER_PIXEL: { readonly [format in ImageFormat]?: number } = { GIF: 8, WEBP: 8, AVIF: 20, BMP: 4 };

/**
 * The memory that decoding row by row takes, bytes, without the rows that are kept. Baseline JPEGs, PNGs and TIFFs come in
 * rows. A progressive JPEG, an interlaced PNG and a frame of another format are whole in memory.
 */
export function estimateMemory(
  format: ImageFormat,
  fileBytes: number,
  { coefficients, properties }: Pick<Structure, 'coefficients' | 'properties'>,
  { width, height, channels, depth }: Pick<Metadata, 'width' | 'height' | 'channels' | 'depth'>,
): number {
  const pixels = width * height;
  const bytesPerSample = depth === 'uchar' ? 1 : 2;
  const isInterlaced = format === 'PNG' && properties.interlaced === true;
  const whole = isInterlaced ? pixels * channels * bytesPerSample : pixels * (BYTES_PER_PIXEL[format] ?? 0);
  return OWN_BYTES + fileBytes + whole + coefficients * COEFFICIENT_BYTES;
}
