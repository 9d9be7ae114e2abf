import type { StructureDraft } from '../../structure-draft.ts';
import { type Box, boxesIn } from './boxes.ts';

/** Properties that turn, mirror or crop a picture. They must be marked as essential (ISO/IEC 23008-12, 6.5.1 and 6.5.9 on). */
const TRANSFORMS = new Set(['irot', 'imir', 'clap']);

/** EXIF orientations of a picture that is turned by 0 to 3 quarters against the clock. */
const TURNED = [1, 8, 3, 6] as const;
/** The same, if left and right change places before. */
const MIRRORED_AND_TURNED = [2, 5, 4, 7] as const;

/**
 * Reads how the primary picture is turned and mirrored (ISO/IEC 23008-12, 6.5.10 and 6.5.12). Some readers refuse a transform
 * that is not marked as essential, and some ignore it. `onOwn` gets each property of the primary picture.
 */
export function readTransforms(
  bytes: Buffer,
  { meta, iprp }: { readonly meta: Box; readonly iprp: Box },
  draft: StructureDraft,
  onOwn: (property: Box) => void,
): void {
  const primary = findPrimaryItem(bytes, meta);
  let isTransformed = false;
  let quarters = 0;
  let isMirrored = false;
  for (const { item, property, isEssential } of associationsIn(bytes, iprp, draft)) {
    const { type, start } = property;
    if (!isEssential && TRANSFORMS.has(type)) draft.note('heif_transform_inessential', type);
    if (item !== primary) continue;
    onOwn(property);
    if (type !== 'irot' && type !== 'imir') continue;
    isTransformed = true;
    const value = bytes.readUInt8(start);
    if (type === 'irot') quarters += value & 3;
    else {
      // A mirror after a turn is the opposite turn after a mirror. 0 changes top and bottom: half a turn more than left and right.
      quarters = ((value & 1) === 0 ? 2 : 0) - quarters;
      isMirrored = !isMirrored;
    }
  }
  const orientations = isMirrored ? MIRRORED_AND_TURNED : TURNED;
  if (isTransformed) draft.setOrientation(orientations[quarters & 3] ?? null);
}

/** The picture that viewers show (ISO/IEC 14496-12, 8.11.4). */
function findPrimaryItem(bytes: Buffer, meta: Box): number | null {
  const box = [...boxesIn(bytes, meta.start + 4, meta.end)].find(({ type }) => type === 'pitm');
  if (box === undefined) return null;
  const at = box.start + 4;
  return bytes.readUInt8(box.start) === 0 ? bytes.readUInt16BE(at) : bytes.readUInt32BE(at);
}

interface Association {
  readonly item: number;
  readonly property: Box;
  readonly isEssential: boolean;
}

/** Follows the list that gives items their properties, `ipma` (ISO/IEC 23008-12, 9.3), in the order in which they apply. */
function* associationsIn(bytes: Buffer, iprp: Box, draft: StructureDraft): Generator<Association> {
  const children = [...boxesIn(bytes, iprp.start, iprp.end)];
  const container = children.find(({ type }) => type === 'ipco');
  const list = children.find(({ type }) => type === 'ipma');
  if (container === undefined || list === undefined) return;
  const properties = [...boxesIn(bytes, container.start, container.end)];
  const idBytes = bytes.readUInt8(list.start) === 0 ? 2 : 4;
  // The lowest flag makes the number of a property longer. Its highest bit says whether it is essential.
  const bits = (bytes.readUInt8(list.start + 3) & 1) === 1 ? 15 : 7;
  const items = bytes.readUInt32BE(list.start + 4);
  let at = list.start + 8;
  for (let count = 0; count < items && draft.allowParts(); count += 1) {
    const item = bytes.readUIntBE(at, idBytes);
    const associations = bytes.readUInt8(at + idBytes);
    at += idBytes + 1;
    for (let number = 0; number < associations; number += 1, at += (bits + 1) / 8) {
      const association = bytes.readUIntBE(at, (bits + 1) / 8);
      const property = properties[(association & (2 ** bits - 1)) - 1];
      if (property !== undefined) yield { item, property, isEssential: association >> bits !== 0 };
    }
  }
}
