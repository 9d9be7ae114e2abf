import { z } from 'zod';
import { ASSET_STATES } from '../../domain/asset.ts';
import type { Submission } from '../../domain/ports/assets.ts';
import { text } from '../../domain/text.ts';
import { pageQuery } from '../http/pages.ts';
import { parse } from '../http/parse.ts';
import { policyReference } from '../policies/reference.ts';

/** Longest path and URL taken, in characters: PATH_MAX of Linux, and what servers commonly accept as a URL. */
const MAX_PATH_LENGTH = 4096;
export const MAX_URL_LENGTH = 8192;
const MAX_REASON_LENGTH = 1000;
const SHA256 = /^[0-9a-fA-F]{64}$/;

const optionalPolicy = policyReference.nullish().transform((policy) => policy ?? undefined);

/** `null` counts as missing. An unusable URL is no fault of the request: the pipeline reports it. */
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
      description: "`name@version`, or `name` for its latest; missing: `default@1`, the contract's own.",
    }),
    sha256: z
      .string()
      .regex(SHA256, { error: 'must be 64 hexadecimal digits' })
      .nullish()
      .transform((sha256) => sha256?.toLowerCase())
      .meta({ description: 'What the file has to have.' }),
  })
  .meta({ id: 'Submission' });

/** Any of these makes the list a page; what else is in a query is nobody's business. */
export const listQuery = z.object({ ...pageQuery, state: z.enum(ASSET_STATES).optional() });

export const cancelRequest = z
  .strictObject({ reason: text.max(MAX_REASON_LENGTH).nullish() })
  .meta({ id: 'CancelRequest' });

export const retryRequest = z
  .strictObject({
    policy: optionalPolicy.meta({
      description:
        '`name@version`, or `name` for its latest; missing: the version that the last attempt was held against.',
    }),
  })
  .meta({ id: 'RetryRequest' });

/** @throws {AppError} `invalid_request`, naming every field at fault. */
export function parseSubmission(body: unknown): Submission {
  return parse(submission, body) as Submission;
}

/** Null where the whole list is asked for. @throws {AppError} `invalid_request` */
export function parseListQuery(given: Record<string, unknown>) {
  const isPage = Object.keys(listQuery.shape).some((name) => name in given);
  return isPage ? parse(listQuery, given) : null;
}

/** The reason, if one is given; no body is an empty one. @throws {AppError} `invalid_request` */
export function parseCancelRequest(body: unknown): string | null {
  return parse(cancelRequest, body === undefined ? {} : body).reason ?? null;
}

/** The policy that the new attempt is to have, if another; no body is an empty one. @throws {AppError} `invalid_request` */
export function parseRetryRequest(body: unknown): string | undefined {
  return parse(retryRequest, body === undefined ? {} : body).policy;
}
