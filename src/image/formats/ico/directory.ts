import type { Dimensions } from '../../dimensions.ts';

/** An image of an icon. `at` is where it begins, and `bytes` the length that the directory gives. */
export interface IconImage extends Dimensions {
  readonly at: number;
  readonly bytes: number;
  readonly isPng: boolean;
  /** Bits of a pixel, as the directory says. */
  readonly bits: number;
}

/** The first four bytes are enough, because a bitmap begins with the length of its header. */
const PNG_SIGNATURE = 0x89504e47;

/**
 * Reads the directory of an icon. Each image has 16 bytes, which end with its length and place. Its size comes from the
 * image, because the directory knows no side above 256. A side of 0 means 256 there.
 * @throws {RangeError} if the directory is cut off
 */
export function readIconImages(bytes: Buffer): IconImage[] {
  return Array.from({ length: bytes.readUInt16LE(4) }, (_, image) => {
    const entry = 6 + 16 * image;
    const at = bytes.readUInt32LE(entry + 12);
    const isPng = at + 4 <= bytes.length && bytes.readUInt32BE(at) === PNG_SIGNATURE;
    const listed = { width: bytes.readUInt8(entry) || 256, height: bytes.readUInt8(entry + 1) || 256 };
    const bits = bytes.readUInt16LE(entry + 6);
    return { at, bytes: bytes.readUInt32LE(entry + 8), isPng, bits, ...(sizeAt(bytes, at, isPng) ?? listed) };
  });
}

/** The image that readers show: the largest, and among those of one size the one of most bits. */
export function mainImageOf(images: readonly IconImage[]): IconImage | undefined {
  const rank = ({ width, height, bits }: IconImage) => width * height + bits / 2 ** 16;
  return images.toSorted((a, b) => rank(b) - rank(a))[0];
}

/** A bitmap counts the rows of its mask, too. Null if there is no whole header. */
function sizeAt(bytes: Buffer, at: number, isPng: boolean): Dimensions | null {
  if (at + 24 > bytes.length) return null;
  const [width, height] = isPng
    ? [bytes.readUInt32BE(at + 16), bytes.readUInt32BE(at + 20)]
    : [bytes.readInt32LE(at + 4), Math.floor(Math.abs(bytes.readInt32LE(at + 8)) / 2)];
  return width <= 0 || height <= 0 ? null : { width, height };
}
