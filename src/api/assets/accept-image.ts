import type { z } from 'zod';
import { lengthOf, readFile } from '../http/file-body.ts';
import {
  acceptReceived,
  type Details,
  requirePolicy,
  type UploadDeps,
  type UploadRequest,
} from './accept-received.ts';
import type { imageQuery } from './requests.ts';

/** Keeps the image that is the body, and commits its submission. */
export async function acceptImage(
  deps: UploadDeps,
  query: z.output<typeof imageQuery>,
  request: UploadRequest,
) {
  const { name, policy, sha256, externalId, ...notifications } = query;
  const details = { notifications, policy, sha256, externalId } as Details;
  const { req, res, tenant } = request;
  await requirePolicy(deps, tenant, details);
  const uploaded = await deps.uploads.keep(tenant, readFile(req, res), lengthOf(req));
  return acceptReceived(deps, { uploaded, name, details }, request);
}
