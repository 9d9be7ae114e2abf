import { judgeIccProfile } from '../icc-profile.ts';
import type { ReadStructure, StructureDraft } from '../../structure-draft.ts';
import { type Box, boxesIn } from './boxes.ts';
import { createColours } from './colours.ts';
import { noteDataOutsideFile } from './extents.ts';
import { readTransforms } from './transforms.ts';

/** Walks the boxes of a HEIF or AVIF (ISO/IEC 14496-12, 4.2), and the properties of its pictures. */
export const readHeifStructure: ReadStructure = (bytes, draft) => {
  readBoxes(bytes, draft);
};

/**
 * There is a decoder for AVIF, so a file can be damaged (contract). Only the still
 * picture of a sequence is decoded, if it has one.
 */
export const readAvifStructure: ReadStructure = (bytes, draft) => {
  const { cutOff, hasSequence, hasStill } = readBoxes(bytes, draft);
  // Any bytes may follow the last box, and they look like a box of any type. So only these types count.
  if (cutOff !== null && ['meta', 'moov', 'mdat'].includes(cutOff))
    draft.note('avif_box_outside_file', cutOff);
  if (hasSequence && !hasStill) draft.notDecoded = 'no decoder for sequences';
};

function readBoxes(
  bytes: Buffer,
  draft: StructureDraft,
): { cutOff: string | null; hasSequence: boolean; hasStill: boolean } {
  draft.properties.iccState = 'none';
  let hasSequence = false;
  let hasStill = false;
  let end = 0;
  for (const box of wholeBoxesIn(bytes, 0, bytes.length, draft)) {
    if (box.type === 'moov') hasSequence = true;
    if (box.type === 'meta') {
      hasStill = readMeta(bytes, box, draft);
      noteDataOutsideFile(bytes, box, draft);
    }
    end = box.end;
  }
  draft.properties.animated = hasSequence;
  if (hasSequence) draft.note('animated');
  const cutOff = end < bytes.length ? bytes.toString('latin1', end + 4, end + 8) : null;
  return { cutOff, hasSequence, hasStill };
}

/** A full box: its children begin after version and flags. Returns whether there is a primary item, the still picture. */
function readMeta(bytes: Buffer, meta: Box, draft: StructureDraft): boolean {
  let hasPrimary = false;
  for (const box of wholeBoxesIn(bytes, meta.start + 4, meta.end, draft)) {
    if (box.type === 'pitm') hasPrimary = true;
    if (box.type !== 'iprp') continue;
    const colours = createColours(bytes);
    readTransforms(bytes, { meta, iprp: box }, draft, colours.own);
    for (const container of wholeBoxesIn(bytes, box.start, box.end, draft)) {
      if (container.type !== 'ipco') continue;
      for (const property of wholeBoxesIn(bytes, container.start, container.end, draft)) {
        colours.any(property);
        readProperty(bytes.subarray(property.start, property.end), property.type, draft);
      }
    }
    draft.properties.hasAlpha ??= false;
    const colourSpace = colours.read();
    if (colourSpace !== undefined) draft.properties.colourSpace = colourSpace;
  }
  return hasPrimary;
}

/**
 * Pixel information, colour and auxiliary type (ISO/IEC 23008-12, 6.5.6, 6.5.5, 6.5.8).
 * The first of each belongs to the picture.
 */
function readProperty(data: Buffer, type: string, draft: StructureDraft): void {
  const { properties } = draft;
  if (type === 'pixi' && properties.channels === undefined) {
    properties.channels = data.readUInt8(4);
    properties.bitDepth = data.readUInt8(5);
  } else if (type === 'colr' && ['prof', 'rICC'].includes(data.toString('latin1', 0, 4))) {
    draft.setIcc(judgeIccProfile(data.subarray(4)));
  } else if (type === 'auxC' && data.includes('auxid:1')) properties.hasAlpha = true;
  else if (type === 'auxC' && data.includes(':alpha')) properties.hasAlpha = true;
}

/** Only whole boxes. One that is longer than the box around it is noted. */
function* wholeBoxesIn(bytes: Buffer, from: number, to: number, draft: StructureDraft): Generator<Box> {
  for (const box of boxesIn(bytes, from, to)) {
    if (!draft.allowParts()) return;
    if (!box.isWhole) return draft.note('heif_box_outside_file', `at ${box.at}`);
    yield box;
  }
}
