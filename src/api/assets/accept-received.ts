import type { Request, Response } from 'express';
import { AppError } from '../../domain/errors.ts';
import type { Submission } from '../../domain/ports/assets.ts';
import type { Uploaded, UploadStore } from '../../domain/ports/uploads.ts';
import { invalidRequest } from '../http/parse.ts';
import { type AcceptDeps, type Accepting, acceptSubmission } from './accept.ts';
import { policyFault } from './refuse-work.ts';

export interface UploadDeps extends AcceptDeps {
  readonly uploads: UploadStore;
}

/** A request that brings the bytes of its asset. */
export interface UploadRequest extends Pick<Accepting, 'tenant' | 'isStrict'> {
  readonly req: Request;
  readonly res: Response;
  /** Its `Idempotency-Key`. */
  readonly key: string | null;
}

/** A submission without the place of its asset. */
export type Details = Omit<Submission, 'assetPath'>;

interface Received {
  readonly uploaded: Uploaded;
  readonly name: string | undefined;
  readonly details: Details;
}

/** After these errors the row may be there all the same. */
const UNSURE = new Set(['database_unavailable', 'internal']);

/** Commits a submission whose bytes are on the disk. They go again if no row needs them. */
export async function acceptReceived(
  deps: UploadDeps,
  { uploaded: { uploadId, sha256 }, name, details }: Received,
  { tenant, isStrict, key }: UploadRequest,
) {
  const named = name === undefined ? {} : { name };
  const submission = { ...details, assetPath: { location: 'upload', uploadId, ...named } } as const;
  // A repeat brings the same bytes under another id.
  const request = { ...details, assetPath: { location: 'upload', sha256, ...named } };
  const repeatable = key === null ? null : { key, request };
  try {
    const accepted = await acceptSubmission(deps, { tenant, submission, repeatable, isStrict });
    if (!accepted.isNew) await removeQuietly(deps, tenant, uploadId);
    return accepted;
  } catch (error) {
    if (error instanceof AppError && !UNSURE.has(error.code)) await removeQuietly(deps, tenant, uploadId);
    throw error;
  }
}

/** Bytes that stay although nobody needs them are swept later. */
export async function removeQuietly(
  { uploads }: Pick<UploadDeps, 'uploads'>,
  tenant: string,
  uploadId: string,
): Promise<void> {
  await uploads.remove(tenant, uploadId).catch(() => undefined);
}

/** Refuses what is known to be wrong before the bytes are read. @throws {AppError} `invalid_request` */
export async function requirePolicy(
  { resolvePolicy }: AcceptDeps,
  tenant: string,
  { policy }: Details,
): Promise<void> {
  const found = await resolvePolicy(tenant, policy);
  if (found instanceof AppError) throw invalidRequest([policyFault(found)]);
}
