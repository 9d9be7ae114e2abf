import { z } from 'zod';
import { DEFAULT_POLICY, type PolicyId, policyRules } from '../domain/policy.ts';
import { time } from './answer.ts';

/** What the API says of policies. */
const name = z.string();
const version = z.int().min(1);
const createdAt = time.nullable().meta({ description: '`null`: it came with Validatr.' });

export const policy = z
  .object({
    name,
    version,
    rules: policyRules.meta({
      id: 'PolicyRules',
      description: 'Which checks are made, and how. Without any every image that decodes passes.',
    }),
    createdAt,
  })
  .meta({ id: 'Policy', description: 'A version of a policy: it never changes.' });

export const policyWithVersions = policy
  .extend({
    versions: z.array(z.object({ version, createdAt })).meta({ description: 'All there are, latest first.' }),
  })
  .meta({ id: 'PolicyWithVersions' });

export const policies = z
  .object({
    policies: z.array(
      z
        .object({ name, version: version.meta({ description: 'The latest.' }), createdAt })
        .meta({ id: 'ListedPolicy' }),
    ),
  })
  .meta({ id: 'Policies' });

/** The contract's own, as everyone has it. */
export const BUILT_IN = { ...DEFAULT_POLICY, createdAt: null };

export function pathOf({ name: ofPolicy, version: number }: PolicyId): string {
  return `/policies/${ofPolicy}/versions/${number}`;
}
