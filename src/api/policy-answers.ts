import { z } from 'zod';
import { CHECKS, RULE_NAMES } from '../domain/checks/index.ts';
import { DEFAULT_POLICY, type PolicyId, type PolicyRules, policyRules } from '../domain/policy.ts';
import { type Answer, time } from './answer.ts';

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

/** Rules in reporting order, each with the check's own settings first: Postgres keeps them in an order of its own. */
export function representPolicy({
  name: ofPolicy,
  version: number,
  rules,
  createdAt: at,
}: Answer<typeof policy>) {
  const ordered = RULE_NAMES.flatMap((rule) => {
    const given: Readonly<Record<string, unknown>> | undefined = rules[rule];
    if (given === undefined) return [];
    const settings = Object.keys(CHECKS[rule].settings).filter((setting) => setting in given);
    const inOrder = Object.fromEntries(settings.map((setting) => [setting, given[setting]]));
    return [[rule, { ...inOrder, ...given }]];
  });
  return {
    name: ofPolicy,
    version: number,
    rules: Object.fromEntries(ordered) as PolicyRules,
    createdAt: at,
  } satisfies Answer<typeof policy>;
}

export function pathOf({ name: ofPolicy, version: number }: PolicyId): string {
  return `/policies/${ofPolicy}/versions/${number}`;
}
