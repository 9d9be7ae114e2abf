import type { ImageFormat } from '../domain/image-facts.ts';
import type { Dimensions } from './dimensions.ts';
import { readGifDimensions } from './formats/gif/dimensions.ts';
import { readHeifDimensions } from './formats/heif/dimensions.ts';
import { mainImageOf, readIconImages } from './formats/ico/directory.ts';
import { readJpegDimensions } from './formats/jpeg/dimensions.ts';

/**
 * Reads the dimensions from the header alone. This works on damaged files, on formats without a decoder, and on
 * pictures that are too large to decode. Null if the header is cut off or does not give them.
 */
export function readHeaderDimensions(format: ImageFormat, head: Buffer): Dimensions | null {
  try {
    const found = READERS[format](head);
    if (found === null || found.width <= 0 || found.height <= 0) return null;
    return { width: found.width, height: found.height };
  } catch (error) {
    // The header is cut off.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const READERS: Record<ImageFormat, (head: Buffer) => Dimensions | null> = {
  JPEG: readJpegDimensions,
  PNG: readPng,
  GIF: readGifDimensions,
  WEBP: readWebp,
  BMP: readBmp,
  TIFF: readTiff,
  HEIF: readHeifDimensions,
  AVIF: readHeifDimensions,
  ICO: (head) => mainImageOf(readIconImages(head)) ?? null,
  PSD: (head) => ({ width: head.readUInt32BE(18), height: head.readUInt32BE(14) }),
};

/** IHDR is the first chunk, and its data begins at byte 16. Apple's variant has a chunk of four bytes before it. */
function readPng(head: Buffer): Dimensions | null {
  const at = head.toString('latin1', 12, 16) === 'CgBI' ? 28 : 12;
  if (head.toString('latin1', at, at + 4) !== 'IHDR') return null;
  return { width: head.readUInt32BE(at + 4), height: head.readUInt32BE(at + 8) };
}

/** RFC 9649: lossy (VP8), lossless (VP8L) and extended (VP8X) files keep the size in different places. */
function readWebp(head: Buffer): Dimensions | null {
  const chunk = head.toString('latin1', 12, 16);
  if (chunk === 'VP8 ')
    return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff };
  if (chunk === 'VP8L') {
    const bits = head.readUInt32LE(21);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (chunk === 'VP8X') return { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 };
  return null;
}

/** A negative height only means that the rows run from top to bottom. */
function readBmp(head: Buffer): Dimensions {
  if (head.readUInt32LE(14) === 12) return { width: head.readUInt16LE(18), height: head.readUInt16LE(20) };
  return { width: head.readInt32LE(18), height: Math.abs(head.readInt32LE(22)) };
}

const TIFF_WIDTH = 256;
const TIFF_HEIGHT = 257;

/** The first image file directory (TIFF 6.0, section 2; BigTIFF has wider fields). */
function readTiff(head: Buffer): Dimensions | null {
  const little = head.toString('latin1', 0, 2) === 'II';
  const u16 = (at: number) => (little ? head.readUInt16LE(at) : head.readUInt16BE(at));
  const u32 = (at: number) => (little ? head.readUInt32LE(at) : head.readUInt32BE(at));
  const u64 = (at: number) => Number(little ? head.readBigUInt64LE(at) : head.readBigUInt64BE(at));
  const big = u16(2) === 43;
  const directory = big ? u64(8) : u32(4);
  const entries = big ? u64(directory) : u16(directory);
  const found = new Map<number, number>();
  for (let index = 0; index < Math.min(entries, 4096); index += 1) {
    const at = directory + (big ? 8 + 20 * index : 2 + 12 * index);
    const value = at + (big ? 12 : 8);
    const SHORT = 3;
    const LONG8 = 16;
    const type = u16(at + 2);
    // If a tag occurs twice, decoders take the first.
    if (found.has(u16(at))) continue;
    found.set(u16(at), type === SHORT ? u16(value) : type === LONG8 ? u64(value) : u32(value));
  }
  const [width, height] = [found.get(TIFF_WIDTH), found.get(TIFF_HEIGHT)];
  return width === undefined || height === undefined ? null : { width, height };
}
