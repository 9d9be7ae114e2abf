import type { StructureDraft } from '../../structure-draft.ts';
import { type Box, boxesIn } from './boxes.ts';

/** Properties that turn, mirror or crop a picture. They must be marked as essential (ISO/IEC 23008-12, 6.5.1 and 6.5.9 on). */
const TRANSFORMS = new Set(['irot', 'imir', 'clap']);

/**
 * Follows the list that gives items their properties, `ipma` (ISO/IEC 23008-12, 9.3). Some readers refuse a transform
 * that is not marked as essential, and some ignore it.
 */
export function noteInessentialTransforms(bytes: Buffer, iprp: Box, draft: StructureDraft): void {
  const children = [...boxesIn(bytes, iprp.start, iprp.end)];
  const container = children.find(({ type }) => type === 'ipco');
  const list = children.find(({ type }) => type === 'ipma');
  if (container === undefined || list === undefined) return;
  const types = [...boxesIn(bytes, container.start, container.end)].map(({ type }) => type);
  const idBytes = bytes.readUInt8(list.start) === 0 ? 2 : 4;
  // The lowest flag makes the number of a property longer. Its highest bit says whether it is essential.
  const bits = (bytes.readUInt8(list.start + 3) & 1) === 1 ? 15 : 7;
  const items = bytes.readUInt32BE(list.start + 4);
  let at = list.start + 8;
  for (let item = 0; item < items && draft.allowParts(); item += 1) {
    const count = bytes.readUInt8(at + idBytes);
    at += idBytes + 1;
    for (let property = 0; property < count; property += 1, at += (bits + 1) / 8) {
      const association = bytes.readUIntBE(at, (bits + 1) / 8);
      const type = types[(association & (2 ** bits - 1)) - 1] ?? '';
      if (association >> bits === 0 && TRANSFORMS.has(type)) draft.note('heif_transform_inessential', type);
    }
  }
}
