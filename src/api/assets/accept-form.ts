import type { FieldFault } from '../../domain/errors.ts';
import { type Uploaded, uploadTooLarge } from '../../domain/ports/uploads.ts';
import { lengthOf } from '../http/file-body.ts';
import { MAX_BODY_BYTES, readJson } from '../http/json-body.ts';
import { type Part, readParts } from '../http/multipart.ts';
import { asPointer, invalidRequest, parse } from '../http/parse.ts';
import {
  acceptReceived,
  type Details,
  removeQuietly,
  requirePolicy,
  type UploadDeps,
  type UploadRequest,
} from './accept-received.ts';
import { fileName } from './asset-path.ts';
import { fileSubmission } from './requests.ts';

/** More than all of a form that is not the file. */
const MAX_FORM_BYTES = MAX_BODY_BYTES + 64 * 1024;

/** The parts of a form that have come so far. They may come in either order. */
interface Form {
  details?: Promise<Details>;
  file?: Promise<Uploaded>;
  name?: string | undefined;
}

/** Keeps the part `file` of a form, and commits the submission in its part `submission`. */
export async function acceptForm(deps: UploadDeps, request: UploadRequest) {
  const { req, res, tenant } = request;
  const { uploads } = deps;
  if ((lengthOf(req) ?? 0) > uploads.maxBytes + MAX_FORM_BYTES) throw uploadTooLarge(uploads.maxBytes);
  const form: Form = {};

  async function take(part: Part): Promise<unknown> {
    if (part.name === 'submission' && form.details === undefined) return (form.details = readDetails(part));
    if (part.name !== 'file' || form.file !== undefined) throw invalidRequest([faultOf(part.name)]);
    form.name = fileName.safeParse(part.fileName).data;
    return (form.file = uploads.keep(tenant, part.body, null));
  }

  async function readDetails({ body }: Part): Promise<Details> {
    const details = parse(fileSubmission, await readJson(body)) as Details;
    await requirePolicy(deps, tenant, details);
    return details;
  }

  try {
    await readParts(req, res, take);
    if (form.file === undefined) throw invalidRequest([NO_FILE]);
  } catch (error) {
    const uploaded = await form.file?.catch(() => null);
    if (uploaded) await removeQuietly(deps, tenant, uploaded.uploadId);
    throw error;
  }
  const details = (await form.details) ?? { notifications: {} };
  return acceptReceived(deps, { uploaded: await form.file, name: form.name, details }, request);
}

const NO_FILE: FieldFault = {
  pointer: '/file',
  code: 'invalid_type',
  detail: 'is required: send the image as a part of this name',
};

function faultOf(name: string): FieldFault {
  const pointer = asPointer(name);
  if (name === 'file' || name === 'submission')
    return { pointer, code: 'too_big', detail: 'is there twice; send one request for each image' };
  const detail = 'is not a known part; the known ones are file and submission';
  return { pointer, code: 'unrecognized_keys', detail };
}
