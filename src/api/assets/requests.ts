import { z } from 'zod';
import { ASSET_STATES } from '../../domain/asset.ts';
import { text } from '../../domain/text.ts';
import { pageQuery } from '../http/pages.ts';
import { policyReference } from '../policies/reference.ts';

/** The longest path and URL, in characters: PATH_MAX of Linux, and the length that servers commonly accept. */
const MAX_PATH_LENGTH = 4096;
export const MAX_URL_LENGTH = 8192;
const MAX_REASON_LENGTH = 1000;
const SHA256 = /^[0-9a-fA-F]{64}$/;

const optionalPolicy = policyReference.nullish().transform((policy) => policy ?? undefined);

/** `null` counts as missing. An unusable URL is accepted here, because the pipeline reports it. */
const webhookUrl = text
  .max(MAX_URL_LENGTH)
  .nullish()
  .transform((url) => url ?? undefined);

export const submission = z
  .strictObject({
    assetPath: z.discriminatedUnion('location', [
      z.strictObject({ location: z.literal('local'), path: text.min(1).max(MAX_PATH_LENGTH) }),
    ]),
    notifications: z
      .strictObject({
        onStart: webhookUrl,
        onSuccess: webhookUrl,
        onFailure: webhookUrl,
        onCancel: webhookUrl,
      })
      .nullish()
      .transform((notifications) => notifications ?? {}),
    policy: optionalPolicy.meta({
      description:
        '`name@version`, or `name` for its latest version. Default: `default@1`, which is built in.',
    }),
    sha256: z
      .string()
      .regex(SHA256, { error: 'must be 64 hexadecimal digits' })
      .nullish()
      .transform((sha256) => sha256?.toLowerCase())
      .meta({ description: 'The SHA-256 that the file has to have, in hex.' }),
  })
  .meta({ id: 'Submission' });

/** Any of these makes the list a page. */
export const listQuery = z.strictObject({ ...pageQuery, state: z.enum(ASSET_STATES).optional() });

/** `cursor` is the number of the last attempt of the page before. */
export const attemptsQuery = z.strictObject({
  limit: pageQuery.limit,
  cursor: z.coerce.number().int().min(1).max(2_147_483_647).optional(),
});

export const cancelRequest = z
  .strictObject({ reason: text.max(MAX_REASON_LENGTH).nullish() })
  .meta({ id: 'CancelRequest' });

export const retryRequest = z
  .strictObject({
    policy: optionalPolicy.meta({
      description:
        '`name@version`, or `name` for its latest version. Default: the version that judged the last attempt.',
    }),
  })
  .meta({ id: 'RetryRequest' });

/** Whether the query asks for a page. Without any parameter of a page, the answer is the whole list. */
export function isPageQuery(given: object): boolean {
  return Object.keys(listQuery.shape).some((name) => name in given);
}
