import { z } from 'zod';
import { DEFAULT_POLICY, type PolicyId, policyRules } from '../../domain/policy.ts';
import type { StoredPolicy } from '../../domain/ports/policies.ts';
import { type Answer, time } from '../http/answer.ts';
import { orderRules } from './order-rules.ts';
import { POLICIES, POLICY, POLICY_WITH_VERSIONS } from './examples.ts';

/** The answers about policies. */
const name = z.string();
const version = z.int().min(1);
const createdAt = time.nullable().meta({ description: '`null` for the policy that is built in.' });

export const policy = z
  .object({
    name,
    version,
    rules: policyRules.meta({
      id: 'PolicyRules',
      description:
        'Which checks run, and with which settings. Without rules every image that decodes passes.',
      examples: [POLICY.rules],
    }),
    createdAt,
  })
  .meta({ id: 'Policy', description: 'A version of a policy. It never changes.', examples: [POLICY] });

export const policyWithVersions = policy
  .extend({
    versions: z.array(z.object({ version, createdAt })).meta({ description: 'All versions, latest first.' }),
  })
  .meta({ id: 'PolicyWithVersions', examples: [POLICY_WITH_VERSIONS] });

export const policies = z
  .object({
    policies: z.array(
      z
        .object({ name, version: version.meta({ description: 'The latest version.' }), createdAt })
        .meta({ id: 'ListedPolicy' }),
    ),
  })
  .meta({ id: 'Policies', examples: [POLICIES] });

/** The default policy, which every tenant has. */
export const BUILT_IN = { ...DEFAULT_POLICY, createdAt: null };

/** The rules in reporting order, however they are stored. */
export function representPolicy(found: StoredPolicy | typeof BUILT_IN): Answer<typeof policy> {
  return { ...found, rules: orderRules(found.rules) };
}

export function pathOf({ name: ofPolicy, version: number }: PolicyId): string {
  return `/policies/${ofPolicy}/versions/${number}`;
}
