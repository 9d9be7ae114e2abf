import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { Checksum, ResumableUpload } from '../../domain/ports/uploads.ts';
import { parse } from '../http/parse.ts';

/** The version of the protocol that we speak: https://tus.io/protocols/resumable-upload */
export const TUS_VERSION = '1.0.0';

export const TUS_EXTENSIONS = 'creation,termination,checksum,expiration';

export const TUS_CHECKSUM_ALGORITHMS = 'sha1,sha256';

export const PART_TYPE = 'application/offset+octet-stream';

/** Every request and every answer names the version. @throws {AppError} `tus_version_unsupported` */
export const requireTus: RequestHandler = (req, res, next) => {
  res.set('Tus-Resumable', TUS_VERSION);
  if (req.get('Tus-Resumable') === TUS_VERSION) return next();
  res.set('Tus-Version', TUS_VERSION);
  throw new AppError('tus_version_unsupported');
};

/** A client that may not send PATCH or DELETE sends POST, and names the method in this header. */
export const overrideMethod: RequestHandler = (req, _res, next) => {
  const method = req.get('X-HTTP-Method-Override')?.toUpperCase();
  if (req.method === 'POST' && (method === 'PATCH' || method === 'DELETE')) req.method = method;
  next();
};

const bytes = z
  .string()
  .regex(/^\d{1,15}$/, { error: 'must be a number of bytes' })
  .transform(Number);

const resumable = z.literal(TUS_VERSION).meta({ description: 'The version of the protocol.' });

/** Pairs of a name and a value in base64, separated by commas. */
const METADATA = /^[!-+\--~]+( [A-Za-z0-9+/]*={0,2})?(, ?[!-+\--~]+( [A-Za-z0-9+/]*={0,2})?)*$/;

const CHECKSUM = /^(sha1|sha256) [A-Za-z0-9+/]+={0,2}$/;

/** Of a text that fits `CHECKSUM`. */
function asChecksum(text: string): Checksum {
  const [algorithm, base64 = ''] = text.split(' ');
  return { algorithm: algorithm === 'sha1' ? 'sha1' : 'sha256', base64 };
}

/** The headers of each request, as OpenAPI shows them and as the handlers read them. */
export const tusHeaders = z.object({ 'Tus-Resumable': resumable });

export const creationHeaders = tusHeaders.extend({
  'Upload-Length': bytes.meta({ description: 'Bytes of the whole upload.' }),
  'Upload-Metadata': z
    .string()
    .max(4_096)
    .regex(METADATA, { error: 'must be pairs of a name and a value in base64, separated by commas' })
    .optional()
    .meta({ description: 'Names, each with a value in base64. HEAD gives it back as it came.' }),
});

export const partHeaders = tusHeaders.extend({
  'Upload-Offset': bytes.meta({ description: 'Where the part begins: as many bytes as have come so far.' }),
  'Upload-Checksum': z
    .string()
    .regex(CHECKSUM, { error: `must be one of ${TUS_CHECKSUM_ALGORITHMS}, a space, and the hash in base64` })
    .transform(asChecksum)
    .optional()
    .meta({ description: 'The hash of the part. If the part has another one, nothing of it is kept.' }),
});

/** The headers of a request by their names in the schema. @throws {AppError} `invalid_request`, naming every header at fault */
export function readHeaders<Schema extends z.ZodObject>(schema: Schema, req: Request): z.output<Schema> {
  return parse(schema, Object.fromEntries(Object.keys(schema.shape).map((name) => [name, req.get(name)])));
}

/** Says in headers how far an upload is. */
export function showUpload(res: Response, { offset, expiresAt }: ResumableUpload): void {
  res.set('Upload-Offset', String(offset));
  if (expiresAt !== null) res.set('Upload-Expires', expiresAt.toUTCString());
}
