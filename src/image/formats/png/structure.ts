import { crc32 } from 'node:zlib';
import { PngAnimation } from './animation.ts';
import { PngMetadata } from './metadata.ts';
import { PngOrder } from './order.ts';
import { readPngHeader, readPngMetadata } from './properties.ts';
import type { ReadStructure } from '../../structure-draft.ts';

const SIGNATURE_BYTES = 8;

/** Length, type and CRC. */
const CHUNK_OVERHEAD_BYTES = 12;

/**
 * Walks the chunks of a PNG (PNG 3rd edition, section 5). A chunk is length, type, data and a CRC over type and data.
 * The walk finds faults that decoders accept, such as a wrong CRC in a skipped chunk or a missing IEND. It also names
 * the faults that decoders refuse.
 */
export const readPngStructure: ReadStructure = (bytes, draft) => {
  draft.properties.iccState = 'none';
  const order = new PngOrder(draft);
  const animation = new PngAnimation(draft);
  const metadata = new PngMetadata(draft);
  let at = SIGNATURE_BYTES;
  while (at + CHUNK_OVERHEAD_BYTES <= bytes.length) {
    if (!draft.allowParts()) return;
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const name = nameOf(type);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) return draft.note('png_chunk_outside_file', `${name} at ${at}`);
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) {
      draft.note('png_crc_mismatch', `${name} at ${at}`);
    }
    const data = bytes.subarray(at + 8, end);
    order.next(name, data);
    if (type === 'IHDR' && draft.properties.bitDepth === undefined) readPngHeader(data, draft);
    else readPngMetadata(type, data, draft);
    metadata.next(type, data);
    animation.next(type, data);
    at = end + 4;
    if (type === 'IEND') {
      order.end();
      animation.end();
      return draft.setEnd(bytes, at);
    }
  }
  draft.note('png_missing_iend');
};

/** A type is four letters. Any other type is damage, and only its bytes in hex are passed on. */
function nameOf(type: string): string {
  return /^[A-Za-z]{4}$/.test(type) ? type : `0x${Buffer.from(type, 'latin1').toString('hex')}`;
}
