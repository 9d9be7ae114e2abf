import { header } from '../openapi/headers.ts';
import { z } from 'zod';

/** Headers of answers about uploads in parts (tus 1.0). */

const bytes = z.string().regex(/^\d+$/);

const uploadOffset = header('Upload-Offset', bytes, 'Bytes that have come and are on the disk.', '1048576');
const uploadExpires = header(
  'Upload-Expires',
  z.string(),
  'When the upload is deleted if nothing more comes. Whole uploads do not have it.',
  'Thu, 03 Dec 2026 12:00:00 GMT',
);

/** How far an upload is. */
export const progress = { 'Upload-Offset': uploadOffset, 'Upload-Expires': uploadExpires.optional() };

export const state = {
  ...progress,
  'Upload-Length': header('Upload-Length', bytes, 'Bytes of the whole upload.', '8388608'),
  'Upload-Metadata': header(
    'Upload-Metadata',
    z.string(),
    'What the client said of it, as it came.',
    'filename cm9ja2V0LmpwZw==',
  ).optional(),
};

export const abilities = {
  'Tus-Version': header('Tus-Version', z.string(), 'Versions of tus that we speak.', '1.0.0'),
  'Tus-Extension': header(
    'Tus-Extension',
    z.string(),
    'Extensions of tus.',
    'creation,termination,checksum,expiration',
  ),
  'Tus-Max-Size': header('Tus-Max-Size', bytes, 'Most bytes of an upload.', '2147483648'),
  'Tus-Checksum-Algorithm': header(
    'Tus-Checksum-Algorithm',
    z.string(),
    'For Upload-Checksum.',
    'sha1,sha256',
  ),
};
