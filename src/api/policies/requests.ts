import { z } from 'zod';
import { REASON_CODES } from '../../domain/findings.ts';
import { POLICY_NAME, POLICY_REFERENCE, policyRules } from '../../domain/policy.ts';
import { JUDGE_REQUEST, RULES } from './examples.ts';
import { NAMES } from './reference.ts';
import { parse } from '../http/parse.ts';

export const policyName = z
  .string()
  .regex(POLICY_NAME, { error: NAMES })
  .meta({ examples: ['default'] });
export const policyVersion = z.int().min(1).max(999_999_999);

export const policyRequest = z
  .strictObject({ rules: policyRules })
  .meta({ id: 'PolicyRequest', examples: [{ rules: RULES }] });

/** Assets judged in one request. */
const MAX_JUDGED = 500;
const DEFAULT_JUDGED = 100;

const assetId = z.uuid({ error: 'must be a UUID' }).toLowerCase();

export const judgeRequest = z
  .strictObject({
    version: policyVersion.optional().meta({ description: 'Default: the latest.' }),
    assets: z
      .array(assetId)
      .min(1)
      .max(MAX_JUDGED)
      .optional()
      .meta({ description: 'Default: a page of all terminal assets, newest first.' }),
    limit: z.int().min(1).max(MAX_JUDGED).default(DEFAULT_JUDGED).meta({ description: 'Assets on a page.' }),
    cursor: assetId.optional().meta({ description: 'The `next` of the previous page.' }),
    policy: z
      .string()
      .regex(POLICY_REFERENCE, { error: 'must be a name, or name@version' })
      .optional()
      .meta({ description: 'Only assets that were validated under this policy: `name@version`, or `name`.' }),
    code: z
      .enum(REASON_CODES)
      .optional()
      .meta({ description: 'Only assets that would have a finding with this code.' }),
    changed: z
      .boolean()
      .optional()
      .meta({ description: 'Only assets whose verdict would change (`true`), or would not (`false`).' }),
  })
  .meta({ id: 'JudgeRequest', examples: [JUDGE_REQUEST] });

const path = z.object({ name: policyName });

/** The name for a new policy. @throws {AppError} `invalid_request`, pointing at the path's `name` */
export function parseNewName(given: unknown): string {
  return parse(path, { name: given }).name;
}

/** Null if no version can have this number. */
export function parseVersion(given: unknown): number | null {
  return typeof given === 'string' && /^[1-9][0-9]{0,8}$/.test(given) ? Number(given) : null;
}
