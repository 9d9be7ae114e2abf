import type { ImageFormat } from '../domain/image-facts.ts';
import { isExpected, standsAlone } from './formats/jpeg/markers.ts';
import { findMarker, skipFill } from './formats/jpeg/walk.ts';

/** Brands of ISO base media files (ISO/IEC 23008-12, AV1 Image File Format) that are still images. */
const AVIF_BRANDS = new Set(['avif', 'avis']);
const HEIF_BRANDS = new Set([
  'heic',
  'heix',
  'heim',
  'heis',
  'hevc',
  'hevx',
  'hevm',
  'hevs',
  'mif1',
  'mif2',
  'msf1',
]);

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * The format that the first bytes prove. The file's name does not count. Null for any
 * other content (SVG, PDF, video, text, …).
 */
export function sniffFormat(head: Buffer): ImageFormat | null {
  if (isJpeg(head)) return 'JPEG';
  if (head.subarray(0, 8).equals(PNG_SIGNATURE)) return 'PNG';
  const text = head.toString('latin1', 0, 16);
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'GIF';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'WEBP';
  if (isTiff(head)) return 'TIFF';
  if (text.startsWith('8BPS') && head.length >= 26 && [1, 2].includes(head.readUInt16BE(4))) return 'PSD';
  if (text.slice(4, 8) === 'ftyp') return sniffBrands(head);
  if (isBmp(head)) return 'BMP';
  if (isIco(head)) return 'ICO';
  return null;
}

/**
 * SOI, and behind it the marker of a segment. Decoders skip bytes between the two, which viewers that look at three bytes
 * take for no image.
 */
function isJpeg(head: Buffer): boolean {
  if (head.length < 3 || head[0] !== 0xff || head[1] !== 0xd8) return false;
  if (head[2] === 0xff) return true;
  const marker = head[skipFill(head, findMarker(head, 2))];
  return marker !== undefined && isExpected(marker) && !standsAlone(marker);
}

/** Classic TIFF (42) and BigTIFF (43), both byte orders. */
function isTiff(head: Buffer): boolean {
  if (head.length < 8) return false;
  const order = head.toString('latin1', 0, 2);
  const magic = order === 'II' ? head.readUInt16LE(2) : order === 'MM' ? head.readUInt16BE(2) : 0;
  return magic === 42 || magic === 43;
}

/**
 * Many texts begin with "BM", so the size of the info header and the number of planes must be right as well. Programs use
 * the two reserved fields before them, so these may hold anything.
 */
function isBmp(head: Buffer): boolean {
  if (head.length < 26 || head.toString('latin1', 0, 2) !== 'BM') return false;
  const headerBytes = head.readUInt32LE(14);
  if (![12, 16, 40, 52, 56, 64, 108, 124].includes(headerBytes)) return false;
  const planesAt = headerBytes === 12 ? 22 : 26;
  return head.length >= planesAt + 2 && head.readUInt16LE(planesAt) === 1;
}

/** Type 1 is an icon. Type 2, a cursor, is not an image. The first entry must point behind the directory. */
function isIco(head: Buffer): boolean {
  if (head.length < 22 || head.readUInt32BE(0) !== 0x00_00_01_00) return false;
  const images = head.readUInt16LE(4);
  if (images === 0 || images > 1024 || head[9] !== 0) return false;
  return head.readUInt32LE(14) > 0 && head.readUInt32LE(18) >= 6 + 16 * images;
}

function sniffBrands(head: Buffer): ImageFormat | null {
  const end = Math.min(head.readUInt32BE(0), head.length, 256);
  const brands: string[] = [];
  // Major brand at 8, its version at 12, compatible brands from 16 on.
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) brands.push(head.toString('latin1', at, at + 4));
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return 'AVIF';
  return brands.some((brand) => HEIF_BRANDS.has(brand)) ? 'HEIF' : null;
}
