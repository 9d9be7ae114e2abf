import { z } from 'zod';
import { ASSET_STATES } from '../../domain/asset.ts';
import { LOCATIONS } from '../../domain/sources/asset-path.ts';
import { REASON_CODES } from '../../domain/findings.ts';
import { LABEL } from '../../domain/label.ts';
import { text } from '../../domain/text.ts';
import { givenTime } from '../http/given-time.ts';
import { pageQuery } from '../http/pages.ts';
import { assetPath, fileName, MAX_PATH_LENGTH, MAX_URL_LENGTH } from './asset-path.ts';
import { policyReference } from '../policies/reference.ts';

const MAX_REASON_LENGTH = 1000;
const SHA256 = /^[0-9a-fA-F]{64}$/;

const optionalPolicy = policyReference.nullish().transform((policy) => policy ?? undefined);

/** `null` counts as missing. An unusable URL is accepted here, because the pipeline reports it. */
const webhookUrl = text
  .max(MAX_URL_LENGTH)
  .nullish()
  .transform((url) => url ?? undefined);

/** Bounds of labels. They are for people and filters of the client, not for documents. */
const MAX_LABELS = 16;
const MAX_LABEL_LENGTH = 200;
const MAX_LABEL_NAME_LENGTH = 64;
const LABEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const MAX_EXTERNAL_ID_LENGTH = 200;
export const externalId = text.min(1).max(MAX_EXTERNAL_ID_LENGTH);

/** In the order of their names, so that an idempotent repeat may have another. */
const labels = z
  .record(
    z
      .string()
      .max(MAX_LABEL_NAME_LENGTH)
      .regex(LABEL_NAME, { error: 'must be a name of letters, digits, ".", "_" and "-"' }),
    text.max(MAX_LABEL_LENGTH),
  )
  .refine((given) => Object.keys(given).length <= MAX_LABELS, {
    error: `must have at most ${MAX_LABELS} labels`,
  })
  .meta({ maxProperties: MAX_LABELS })
  .nullish()
  .transform((given) => {
    const entries = Object.entries(given ?? {});
    return entries.length === 0
      ? undefined
      : Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });

/** All of a submission but where its asset is. */
const details = {
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
    description: '`name@version`, or `name` for its latest version. Default: `default@1`, which is built in.',
  }),
  sha256: z
    .string()
    .regex(SHA256, { error: 'must be 64 hexadecimal digits' })
    .nullish()
    .transform((sha256) => sha256?.toLowerCase())
    .meta({ description: 'The SHA-256 that the file has to have, in hex.' }),
  externalId: externalId
    .nullish()
    .transform((given) => given ?? undefined)
    .meta({ description: 'Your own name for the asset. Several assets may have the same one.' }),
  labels: labels.meta({ description: 'Short texts by name, which are given back with the asset.' }),
};

export const submission = z.strictObject({ assetPath, ...details }).meta({ id: 'Submission' });

/** A submission whose image comes with it. */
export const fileSubmission = z.strictObject(details).meta({ id: 'FileSubmission' });

const ofImage = (what: string) => ({ description: `For an image as the body: ${what}` });

/** The details of an image that is the body itself. A JSON body takes none of these. */
export const imageQuery = z.strictObject({
  name: fileName.optional().meta(ofImage('the name of its file.')),
  policy: policyReference.optional().meta(ofImage('the policy.')),
  sha256: details.sha256.meta(ofImage('its SHA-256, in hex.')),
  externalId: externalId.optional().meta(ofImage('your own name for the asset.')),
  onStart: webhookUrl.meta(ofImage('a webhook URL.')),
  onSuccess: webhookUrl.meta(ofImage('a webhook URL.')),
  onFailure: webhookUrl.meta(ofImage('a webhook URL.')),
  onCancel: webhookUrl.meta(ofImage('a webhook URL.')),
});

const NAMED_VERSION = new RegExp(`^${LABEL}@[1-9][0-9]{0,8}$`);

/** Any of these makes the list a page. */
export const listQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(ASSET_STATES).optional(),
  code: z.enum(REASON_CODES).optional().meta({
    description:
      'The code of any finding of the asset, also of a warning. The page shows the first that fails it.',
  }),
  policy: z
    .string()
    .regex(NAMED_VERSION, { error: 'must be name@version, as the page shows it' })
    .optional()
    .meta({ description: '`name@version` of the policy that judges the asset.' }),
  path: text.min(1).max(MAX_PATH_LENGTH).optional().meta({
    description: 'The beginning of the path, as it was submitted.',
  }),
  source: z.enum(LOCATIONS).optional().meta({ description: 'The `location` of the submission.' }),
  externalId: externalId.optional(),
  since: givenTime.optional().meta({ description: 'Created at this time or later.' }),
  until: givenTime.optional().meta({ description: 'Created before this time.' }),
});

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
