import { z } from 'zod';
import { LABEL } from '../../domain/label.ts';
import { text } from '../../domain/text.ts';

/** The longest path and URL, in characters: PATH_MAX of Linux, and the length that servers commonly accept. */
export const MAX_PATH_LENGTH = 4096;
export const MAX_URL_LENGTH = 8192;

/** The longest names that the clouds give, in characters. S3 and Google have 1,024 bytes for a key, Azure 1,024 characters. */
const MAX_KEY_LENGTH = 1024;
const MAX_BUCKET_LENGTH = 255;

const bucket = text.min(1).max(MAX_BUCKET_LENGTH);
const key = text.min(1).max(MAX_KEY_LENGTH);
const version = text.min(1).max(MAX_KEY_LENGTH).optional();
const profile = z
  .string()
  .regex(new RegExp(`^${LABEL}$`), { error: 'must be the name of a profile' })
  .optional()
  .meta({ description: 'A profile of the operator. Default: the one named like the location.' });

/** As long as file systems allow. */
const MAX_NAME_LENGTH = 255;

/** The name of a file on the client's machine. Directories before it are cut off. */
export const fileName = text
  .max(MAX_PATH_LENGTH)
  .transform((path) => path.split(/[/\\]/).at(-1)?.slice(-MAX_NAME_LENGTH) || undefined);

/** Where an asset is (contract, Sources). An unusable URL is accepted here, because the pipeline reports it. */
export const assetPath = z.discriminatedUnion('location', [
  z.strictObject({ location: z.literal('local'), path: text.min(1).max(MAX_PATH_LENGTH) }),
  z.strictObject({ location: z.literal('http'), url: text.min(1).max(MAX_URL_LENGTH) }),
  z.strictObject({ location: z.literal('s3'), bucket, key, versionId: version, profile }),
  z.strictObject({
    location: z.literal('gcs'),
    bucket,
    object: key,
    generation: z
      .string()
      .regex(/^\d{1,19}$/, { error: 'must be a whole number' })
      .optional(),
    profile,
  }),
  z.strictObject({ location: z.literal('azure'), container: bucket, blob: key, versionId: version, profile }),
  z.strictObject({
    location: z.literal('upload'),
    uploadId: z.uuid().toLowerCase(),
    name: fileName
      .optional()
      .meta({ description: 'The name of the file. Its extension is compared with the content.' }),
  }),
]);
