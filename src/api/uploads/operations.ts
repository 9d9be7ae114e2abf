import type { Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { AssetStore } from '../../domain/ports/assets.ts';
import type { ResumableUploads } from '../../domain/ports/uploads.ts';
import { tenantOf } from '../http/auth.ts';
import { isOfType, lengthOf, readFile } from '../http/file-body.ts';
import { findOr404 } from '../http/find-or-404.ts';
import { defineOperation, type Description } from '../http/operation.ts';
import { location } from '../openapi/headers.ts';
import * as answers from './answers.ts';
import {
  creationHeaders,
  PART_TYPE,
  partHeaders,
  readHeaders,
  requireTus,
  showUpload,
  TUS_CHECKSUM_ALGORITHMS,
  TUS_EXTENSIONS,
  TUS_VERSION,
  tusHeaders,
} from './tus.ts';

interface UploadDeps {
  readonly resumableUploads: ResumableUploads;
}

interface DeleteDeps extends UploadDeps {
  readonly assets: Pick<AssetStore, 'isUploadNeeded'>;
}

const common = { tag: 'uploads', before: () => requireTus } as const;

const TROUBLES = [
  'tus_version_unsupported',
  'storage_unavailable',
] as const satisfies Description['problems'];

export const describeUploads = defineOperation({
  method: 'options',
  path: '/uploads',
  id: 'describeUploads',
  tag: 'uploads',
  summary: 'The abilities of uploads in parts',
  description: 'Uploads in parts speak tus 1.0, so its clients work: tus-js-client, Uppy, tusd’s tools.',
  scope: 'any',
  replies: { 204: { description: 'The headers say it.', headers: answers.abilities } },
  handle:
    ({ resumableUploads }: UploadDeps) =>
    (_req, res) => {
      res.set({
        'Tus-Resumable': TUS_VERSION,
        'Tus-Version': TUS_VERSION,
        'Tus-Extension': TUS_EXTENSIONS,
        'Tus-Max-Size': String(resumableUploads.maxBytes),
        'Tus-Checksum-Algorithm': TUS_CHECKSUM_ALGORITHMS,
      });
      res.status(204).end();
    },
});

export const createUpload = defineOperation({
  ...common,
  method: 'post',
  path: '/uploads',
  id: 'createUpload',
  summary: 'Begin an upload in parts',
  description:
    'tus 1.0, creation. Send the parts to `Location`. Once the upload is whole, submit it as an asset: ' +
    '`{"assetPath": {"location": "upload", "uploadId": "<the last part of Location>"}}`.',
  scope: 'assets:write',
  headers: creationHeaders,
  replies: {
    201: {
      description: 'The upload waits for its parts.',
      headers: { Location: location, ...answers.progress },
    },
  },
  problems: [...TROUBLES, 'upload_too_large', 'uploads_full'],
  handle:
    ({ resumableUploads }: UploadDeps) =>
    async (req, res) => {
      const { 'Upload-Length': length, 'Upload-Metadata': metadata = null } = readHeaders(
        creationHeaders,
        req,
      );
      const upload = await resumableUploads.create(tenantOf(res), { length, metadata });
      showUpload(res, upload);
      res.location(`/uploads/${upload.uploadId}`).status(201).end();
    },
});

export const getUpload = defineOperation({
  ...common,
  method: 'head',
  path: '/uploads/{id}',
  id: 'getUpload',
  summary: 'How far an upload is',
  description:
    'tus 1.0. A request that still writes to the upload is ended first, so the offset stays as it is.',
  scope: 'assets:write',
  headers: tusHeaders,
  replies: { 200: { description: 'The next part begins at `Upload-Offset`.', headers: answers.state } },
  problems: [...TROUBLES, 'upload_not_found'],
  handle:
    ({ resumableUploads }: UploadDeps) =>
    async (req, res) => {
      const upload = await findUpload(res, req.params['id'], resumableUploads.find);
      showUpload(res, upload);
      res.set({ 'Cache-Control': 'no-store', 'Upload-Length': String(upload.length) });
      if (upload.metadata !== null) res.set('Upload-Metadata', upload.metadata);
      res.status(200).end();
    },
});

export const appendToUpload = defineOperation({
  ...common,
  method: 'patch',
  path: '/uploads/{id}',
  id: 'appendToUpload',
  summary: 'Send a part of an upload',
  description:
    'tus 1.0. If the connection breaks, what has come stays. Ask by HEAD how much that is, and go on from there. A part with a ' +
    'checksum counts only as a whole.',
  scope: 'assets:write',
  headers: partHeaders,
  files: {
    [PART_TYPE]: {
      schema: z.string().meta({ format: 'binary', description: 'The bytes from the offset on.' }),
    },
  },
  replies: { 204: { description: 'The part is on the disk.', headers: answers.progress } },
  problems: [
    ...TROUBLES,
    'malformed_upload',
    'request_timeout',
    'unsupported_media_type',
    'upload_not_found',
    'upload_offset_conflict',
    'upload_taken_over',
    'upload_checksum_mismatch',
    'uploads_full',
  ],
  handle:
    ({ resumableUploads }: UploadDeps) =>
    async (req, res) => {
      const headers = readHeaders(partHeaders, req);
      if (!isOfType(req.headers['content-type'], [PART_TYPE]))
        throw new AppError('unsupported_media_type', {
          detail: `The Content-Type of a part is ${PART_TYPE}.`,
        });
      const part = {
        offset: headers['Upload-Offset'],
        bytes: lengthOf(req),
        body: readFile(req, res),
        checksum: headers['Upload-Checksum'] ?? null,
      };
      const upload = await findUpload(res, req.params['id'], (tenant, id) =>
        resumableUploads.append(tenant, id, part),
      );
      showUpload(res, upload);
      res.status(204).end();
    },
});

export const deleteUpload = defineOperation({
  ...common,
  method: 'delete',
  path: '/uploads/{id}',
  id: 'deleteUpload',
  summary: 'Delete an upload, whole or not',
  description:
    'tus 1.0, termination. Assets that were submitted by it keep their verdicts, and can’t be validated again.',
  scope: 'assets:write',
  headers: tusHeaders,
  replies: { 204: { description: 'The upload is gone.' } },
  problems: [...TROUBLES, 'upload_not_found', 'upload_in_use', 'database_unavailable'],
  handle:
    ({ resumableUploads, assets }: DeleteDeps) =>
    async (req, res) => {
      await findUpload(res, req.params['id'], async (tenant, id) => {
        if (await assets.isUploadNeeded(tenant, id)) throw new AppError('upload_in_use');
        return (await resumableUploads.remove(tenant, id)) || null;
      });
      res.status(204).end();
    },
});

function findUpload<Found>(
  res: Response,
  id: unknown,
  find: (tenant: string, id: string) => Promise<Found | null>,
): Promise<Found> {
  return findOr404(res, id, find, 'upload_not_found');
}
