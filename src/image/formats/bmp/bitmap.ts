import { type Masks, readMasks } from './masks.ts';

/** A picture as a BMP or an icon stores it, behind a header of Windows or OS/2. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bits: number;
  readonly isRunLength: boolean;
  /** Of 16 and 32 bits. */
  readonly masks: Masks | null;
  /** Red, green and blue of each colour. Empty above 8 bits. */
  readonly palette: Buffer;
  /** Where the first stored row begins. */
  readonly dataAt: number;
}

/** `invalid`: no reader knows such a header. `unknown`: the pixels are compressed in a way that is not decoded. */
export type BitmapFault = 'invalid' | 'unknown';

/** BITMAPCOREHEADER, whose fields have other widths. */
const CORE_HEADER_BYTES = 12;

/** BITMAPINFOHEADER. All later headers begin like it. */
const INFO_HEADER_BYTES = 40;

/** The header of OS/2 2, which has other compressions. */
const OS2_HEADER_BYTES = 64;

const RGB = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;

/** Compressions that are not decoded. OS/2 gives two numbers another meaning. */
const [JPEG, PNG] = [4, 5];
const [HUFFMAN, RLE24] = [3, 4];
const CMYK = new Set([11, 12, 13]);

const DEPTHS = new Set([1, 2, 4, 8, 16, 24, 32]);

/**
 * Reads the header at `at`. `pixelsAt` is null in an icon, whose pixels follow the palette.
 * @throws {RangeError} if the file is cut off
 */
export function readBitmap(bytes: Buffer, at: number, pixelsAt: number | null): Bitmap | BitmapFault {
  const headerBytes = bytes.readUInt32LE(at);
  const isCore = headerBytes === CORE_HEADER_BYTES;
  const width = isCore ? bytes.readUInt16LE(at + 4) : bytes.readInt32LE(at + 4);
  const height = isCore ? bytes.readUInt16LE(at + 6) : bytes.readInt32LE(at + 8);
  const bits = bytes.readUInt16LE(at + (isCore ? 10 : 14));
  const hasMore = headerBytes >= INFO_HEADER_BYTES;
  const compression = hasMore ? bytes.readUInt32LE(at + 16) : RGB;
  if (width <= 0 || height === 0) return 'invalid';
  if (isKnownElsewhere(headerBytes, compression, bits)) return 'unknown';
  const isMasked = compression === BITFIELDS || compression === ALPHA_BITFIELDS;
  if (!DEPTHS.has(bits) || !fits(compression, bits)) return 'invalid';

  const afterHeader = headerBytes > INFO_HEADER_BYTES ? 0 : compression === BITFIELDS ? 12 : 16;
  const paletteAt = at + headerBytes + (isMasked ? afterHeader : 0);
  const colours = bits > 8 ? 0 : coloursOf(bits, hasMore ? bytes.readUInt32LE(at + 32) : 0);
  const colourBytes = isCore ? 3 : 4;
  const hasAlpha = compression === ALPHA_BITFIELDS || headerBytes >= INFO_HEADER_BYTES + 16;
  return {
    width,
    height: Math.abs(height),
    isTopDown: height < 0,
    bits,
    isRunLength: compression === RLE8 || compression === RLE4,
    masks: readMasks(bytes, bits, isMasked ? at + INFO_HEADER_BYTES : null, hasAlpha),
    palette: readPalette(bytes, paletteAt, pixelsAt, colours, colourBytes),
    dataAt: pixelsAt ?? paletteAt + colours * colourBytes,
  };
}

/** Bytes of a stored row, which is filled up to a multiple of four. */
export function rowBytesOf({ width, bits }: Pick<Bitmap, 'width' | 'bits'>): number {
  return Math.ceil((width * bits) / 32) * 4;
}

/** A BMP has no grey of its own, so its palette says that it is grey. */
export function isGrey({ palette }: Pick<Bitmap, 'palette'>): boolean {
  for (let at = 0; at < palette.length; at += 3)
    if (palette[at] !== palette[at + 1] || palette[at] !== palette[at + 2]) return false;
  return palette.length > 0;
}

/** Whether another reader may know the compression: Huffman and RLE24 of OS/2, a JPEG or PNG inside, or CMYK. */
function isKnownElsewhere(headerBytes: number, compression: number, bits: number): boolean {
  if (headerBytes === OS2_HEADER_BYTES)
    return (compression === HUFFMAN && bits === 1) || (compression === RLE24 && bits === 24);
  return (bits === 0 && (compression === JPEG || compression === PNG)) || CMYK.has(compression);
}

function fits(compression: number, bits: number): boolean {
  if (compression === RLE8) return bits === 8;
  if (compression === RLE4) return bits === 4;
  if (compression === BITFIELDS || compression === ALPHA_BITFIELDS) return bits === 16 || bits === 32;
  return compression === RGB;
}

/** The header may give the number of colours. 0 means all. */
function coloursOf(bits: number, given: number): number {
  return given === 0 || given > 2 ** bits ? 2 ** bits : given;
}

/** Colours end where the pixels begin, whatever their number should be. */
function readPalette(
  bytes: Buffer,
  at: number,
  pixelsAt: number | null,
  colours: number,
  colourBytes: number,
): Buffer {
  const room = Math.floor(((pixelsAt ?? bytes.length) - at) / colourBytes);
  const count = Math.max(0, Math.min(colours, room));
  const palette = Buffer.alloc(3 * count);
  for (let colour = 0; colour < count; colour += 1) {
    const from = at + colour * colourBytes;
    palette[3 * colour] = bytes.readUInt8(from + 2);
    palette[3 * colour + 1] = bytes.readUInt8(from + 1);
    palette[3 * colour + 2] = bytes.readUInt8(from);
  }
  return palette;
}
