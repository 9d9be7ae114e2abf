import { createHash } from 'node:crypto';
import type { Pixels } from './pixels.ts';

/**
 * SHA-256, hex, of width, height and channels (32 bits each, big-endian), then of the pixels. CleanVision hashes only
 * the pixels, so there 2×8 pixels of one grey equal 4×4.
 */
export function hashPixels({ data, width, height, channels }: Pixels): string {
  const shape = Buffer.alloc(12);
  [width, height, channels].forEach((value, i) => shape.writeUInt32BE(value, i * 4));
  return createHash('sha256').update(shape).update(data).digest('hex');
}
