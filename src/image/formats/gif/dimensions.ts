import type { Dimensions } from '../../dimensions.ts';
import { MAX_PARTS } from '../../limits.ts';
import { EXTENSION, framesStart, IMAGE, imageDataAt, skipSubBlocks } from './blocks.ts';

/**
 * The size of the logical screen (GIF89a, section 18), or more if a frame reaches beyond it. The decoder makes room for
 * such a frame, as some viewers do. Others cut it off.
 */
export function readGifDimensions(bytes: Buffer): Dimensions {
  let [width, height] = [bytes.readUInt16LE(6), bytes.readUInt16LE(8)];
  let at = framesStart(bytes);
  for (let parts = 0; parts <= MAX_PARTS; parts += 1) {
    if (bytes[at] === EXTENSION) at = skipSubBlocks(bytes, at + 2);
    else if (bytes[at] === 0) at += 1;
    else if (bytes[at] === IMAGE && at + 10 <= bytes.length) {
      width = Math.max(width, bytes.readUInt16LE(at + 1) + bytes.readUInt16LE(at + 5));
      height = Math.max(height, bytes.readUInt16LE(at + 3) + bytes.readUInt16LE(at + 7));
      at = skipSubBlocks(bytes, imageDataAt(bytes, at) + 1);
    } else break;
  }
  return { width, height };
}
