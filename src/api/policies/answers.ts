import { z } from 'zod';
import { DEFAULT_POLICY, type PolicyId, policyRules } from '../../domain/policy.ts';
import type { StoredPolicy } from '../../domain/ports/policies.ts';
import { type Answer, time } from '../http/answer.ts';
import { orderRules } from './order-rules.ts';
import { POLICIES, POLICY, POLICY_WITH_VERSIONS } from './examples.ts';

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
      examples: [POLICY.rules],
    }),
    createdAt,
  })
  .meta({ id: 'Policy', description: 'A version of a policy: it never changes.', examples: [POLICY] });

export const policyWithVersions = policy
  .extend({
    versions: z.array(z.object({ version, createdAt })).meta({ description: 'All there are, latest first.' }),
  })
  .meta({ id: 'PolicyWithVersions', examples: [POLICY_WITH_VERSIONS] });

export const policies = z
  .object({
    policies: z.array(
      z
        .object({ name, version: version.meta({ description: 'The latest.' }), createdAt })
        .meta({ id: 'ListedPolicy' }),
    ),
  })
  .meta({ id: 'Policies', examples: [POLICIES] });

/** The contract's own, as everyone has it. */
export const BUILT_IN = { ...DEFAULT_POLICY, createdAt: null };

/** As it is answered, whatever the order that its rules are kept in. */
export function representPolicy(found: StoredPolicy | typeof BUILT_IN): Answer<typeof policy> {
  return { ...found, rules: orderRules(found.rules) };
}

export function pathOf({ name: ofPolicy, version: number }: PolicyId): string {
  return `/policies/${ofPolicy}/versions/${number}`;
}
