import { rm } from 'node:fs/promises';

/*
 * The files of an upload. The whole one has the upload's id as its name. The others add an ending, so no asset finds them.
 */

/** The bytes of one request while they arrive. */
export const ARRIVING = '.arriving';

/** The parts of a resumable upload that have come. */
export const PART = '.part';

/** What the client said when it began a resumable upload. It stays when the upload is whole. */
export const BEGUN = '.begun';

/** Deletes an upload, whole or not. The note goes first: without it, nobody can resume what is left. */
export async function removeUpload(place: string): Promise<void> {
  for (const ending of [BEGUN, PART, ARRIVING, '']) await rm(place + ending, { force: true });
}
