import { z } from 'zod';
import type { ImageNote } from '../image-facts.ts';
import { IMAGE_NOTE_CODES, type ImageNoteCode, severityOf } from '../image-notes.ts';
import { defineCheck } from './check.ts';

/** Notes that were warnings earlier and are errors now. Policies may still name them, so that old versions stay valid. */
const ONCE_REFUSABLE = new Set<ImageNoteCode>(['bmp_data_outside_file']);

/** A policy cannot decide about errors, because they make a picture `damaged` under every policy. */
const REFUSABLE = IMAGE_NOTE_CODES.filter((code) => severityOf(code) !== 'error' || ONCE_REFUSABLE.has(code));

/** The file's structure shows nothing that the policy refuses, such as bytes after the end of the picture. */
export const structure = defineCheck({
  name: 'checkStructure',
  code: 'structure_not_allowed',
  measures: [],
  settings: { refuse: z.array(z.enum(REFUSABLE)).min(1).max(REFUSABLE.length) },
  judge({ notes }, { refuse }) {
    if (notes === undefined) return 'unknown';
    const found = refuse.flatMap((code) => notes.find((note) => note.code === code) ?? []);
    if (found.length === 0) return null;
    return { notes: found.map(({ code }) => code), details: found.map(inWords) };
  },
  shows: ['notes', 'details'],
  describe: ({ details }) => `The file's structure is not allowed: ${details.join(', ')}.`,
});

/** "extension_mismatch (named .jpg, but is a PNG)". Most notes say more than their code. */
function inWords({ code, detail }: ImageNote): string {
  return detail === undefined ? code : `${code} (${detail})`;
}
