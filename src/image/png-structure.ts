import { crc32 } from 'node:zlib';

/**
 * Walks the chunks of a PNG (PNG 3rd edition, section 5): each is length, type, data and a CRC over type and data. Finds
 * what decoders let pass: a wrong CRC in a chunk they skip, and an end without IEND. Null when all is well.
 */
export function findPngDamage(bytes: Buffer): 'truncated' | 'bad checksum' | null {
  let at = 8;
  while (at + 12 <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) return 'truncated';
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) return 'bad checksum';
    if (bytes.toString('latin1', at + 4, at + 8) === 'IEND') return null;
    at = end + 4;
  }
  return 'truncated';
}
