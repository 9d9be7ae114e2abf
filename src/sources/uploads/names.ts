import { rm } from 'node:fs/promises';
import { codeOf } from '../faults.ts';

/*
 * The files of an upload. The whole one has the upload's id as its name. The others add an ending, so no asset finds them.
 */

/** The bytes of one request while they arrive. */
export const ARRIVING = '.arriving';

/** The parts of a resumable upload that have come. */
export const PART = '.part';

/** A note with the length and the metadata of a resumable upload. It stays when the upload is whole. */
export const BEGUN = '.begun';

/** All endings of one upload. The note comes first: once it is deleted, nobody can resume what is left. */
export const ENDINGS = [BEGUN, PART, ARRIVING, ''] as const;

/** Deletes an upload, whole or not. */
export async function removeUpload(place: string): Promise<void> {
  for (const ending of ENDINGS) await rm(place + ending, { force: true });
}

/** Null if the file is not there. */
export async function orNull<Result>(work: Promise<Result>): Promise<Result | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
