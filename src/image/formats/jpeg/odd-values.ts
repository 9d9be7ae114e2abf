import type { StructureDraft } from '../../structure-draft.ts';

/**
 * Values in headers that are not valid, and that libjpeg warns of. It decodes as if there were another value, so they
 * touch no pixel. It is shown that other value.
 */

const MAJOR_VERSION_AT = 5;
const TRANSFORM_AT = 11;

/** The major version of a JFIF segment (T.871, 10.1). There is only version 1. */
export function mendVersion(jfif: Buffer, draft: StructureDraft): void {
  const major = jfif[MAJOR_VERSION_AT] ?? 0;
  if (major === 1) return;
  draft.note('jpeg_odd_value', `JFIF version ${major}`);
  draft.mend(jfif.subarray(MAJOR_VERSION_AT, MAJOR_VERSION_AT + 1), 1);
}

/** The transform in Adobe's segment (T.872, 6.5.3). libjpeg takes unknown ones as YCbCr or YCCK. */
export function mendTransform(adobe: Buffer, components: number, draft: StructureDraft): void {
  const transform = adobe[TRANSFORM_AT] ?? 0;
  const known = components === 3 ? 1 : components === 4 ? 2 : transform;
  if (transform === 0 || transform === known) return;
  draft.note('jpeg_odd_value', `Adobe transform ${transform}`);
  draft.mend(adobe.subarray(TRANSFORM_AT, TRANSFORM_AT + 1), known);
}

/** The coefficients in the scan header of a sequential picture (T.81, B.2.3). All scans have all of them. */
export function mendSelection(header: Buffer, draft: StructureDraft): void {
  const selection = header.subarray(1 + 2 * (header[0] ?? 0));
  const valid = [0, 63, 0];
  if (selection.length !== valid.length || valid.every((value, index) => selection[index] === value)) return;
  const [first, last, bits = 0] = selection;
  draft.note('jpeg_odd_value', `scan of coefficients ${first} to ${last}, bits ${bits >> 4} to ${bits & 15}`);
  for (const [index, value] of valid.entries()) draft.mend(selection.subarray(index, index + 1), value);
}
