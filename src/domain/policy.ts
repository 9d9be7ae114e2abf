import { z } from 'zod';
import type { Check } from './checks/check.ts';
import { type CheckName, CHECKS, RULE_NAMES, type RuleName } from './checks/index.ts';
import { NOTE_SEVERITIES } from './image-notes.ts';
import { LABEL } from './label.ts';
import { MEASURES, type Measure } from './measures.ts';
import { faultOf } from './rule-message.ts';
import { orderSteps, type StepName } from './steps.ts';
import { text } from './text.ts';

const MAX_MESSAGE_LENGTH = 500;

/** What every rule may say besides the settings of its check. */
const common = {
  /** Only errors fail an asset; the others are reported with it. */
  severity: z.enum(NOTE_SEVERITIES).default('error'),
  /** Instead of the check's own sentence. `{score}` and the like are replaced, see `rule-message.ts`. */
  message: text.min(1).max(MAX_MESSAGE_LENGTH).exactOptional(),
};

type RuleSchema<Settings extends z.ZodRawShape> = z.ZodObject<typeof common & Settings, z.core.$strict>;

/** The rules of a policy: which checks are made, and how. None at all: every image that decodes passes. */
export const policyRules = z
  .strictObject(
    Object.fromEntries(
      RULE_NAMES.map((name) => [
        name,
        z.strictObject({ ...common, ...CHECKS[name].settings }).exactOptional(),
      ]),
    ) as { [Name in RuleName]: z.ZodExactOptional<RuleSchema<(typeof CHECKS)[Name]['settings']>> },
    {
      error: ({ code }) =>
        code === 'unrecognized_keys' ? `is not a rule; there are ${RULE_NAMES.join(', ')}` : undefined,
    },
  )
  .check(({ value: rules, issues }) => {
    for (const name of RULE_NAMES) {
      const { message } = rules[name] ?? {};
      const fault = message === undefined ? null : faultOf(message, CHECKS[name], rules[name] ?? {});
      if (fault !== null)
        issues.push({ code: 'custom', path: [name, 'message'], input: message, message: fault });
    }
    const { bytes, minDimensions, maxDimensions } = rules;
    const refuseAbove = (path: string[], least = 0, most = Infinity) => {
      const message = `is more than ${most}, the most that this policy allows: nothing could pass`;
      if (least > most) issues.push({ code: 'custom', path, input: least, message });
    };
    refuseAbove(['bytes', 'min'], bytes?.min, bytes?.max);
    if (minDimensions?.of !== maxDimensions?.of) return;
    refuseAbove(['minDimensions', 'width'], minDimensions?.width, maxDimensions?.width);
    refuseAbove(['minDimensions', 'height'], minDimensions?.height, maxDimensions?.height);
  });
export type PolicyRules = z.output<typeof policyRules>;

/** A named rule set of a tenant. A version never changes. */
export interface Policy {
  readonly name: string;
  readonly version: number;
  readonly rules: PolicyRules;
}

/** Names one version of a policy; `describePolicy` writes it as `name@version`. */
export type PolicyId = Pick<Policy, 'name' | 'version'>;

/** A policy as a validation uses it, with what follows from its rules (`planFor`). Part of recorded histories. */
export interface PolicyInUse extends Policy {
  /** What is judged, in reporting order. */
  readonly steps: readonly CheckName[];
  readonly measures: readonly Measure[];
  readonly comparesWithEarlier: boolean;
}

export const POLICY_NAME = new RegExp(`^${LABEL}$`);

/** `name@version`, or `name` for its latest version. */
export const POLICY_REFERENCE = new RegExp(`^(${LABEL})(?:@([1-9][0-9]{0,8}))?$`);

/** Versions that a tenant may have of all its policies together: what one could make by mistake in a loop. */
export const MAX_POLICY_VERSIONS = 1_000;

/**
 * The policy of the contract, for submissions that name none. Every tenant has it, and nobody can change it. Everywhere in the code it
 * is this value; rows have NULL for it (`src/db/policies/policy-columns.ts`), and workflow inputs have no `policy`.
 */
export const DEFAULT_POLICY: Policy = {
  name: 'default',
  version: 1,
  rules: policyRules.parse({ formats: { allow: ['JPEG'] }, maxDimensions: { width: 1000, height: 1000 } }),
};

/** Null where the text is no reference. */
export function parsePolicyReference(reference: string): { name: string; version: number | null } | null {
  const [, name, version] = POLICY_REFERENCE.exec(reference) ?? [];
  if (name === undefined) return null;
  return { name, version: version === undefined ? null : Number(version) };
}

export function describePolicy({ name, version }: PolicyId): string {
  return `${name}@${version}`;
}

/** The steps of a validation under the policy, in reporting order. */
export function stepsUnder(policy: Policy, hasChecksum: boolean): StepName[] {
  return orderSteps(isDefaultPolicy(policy) ? undefined : planFor(policy).steps, hasChecksum);
}

/** No tenant can make a policy of its name, and it has one version. */
export function isDefaultPolicy({ name }: Pick<Policy, 'name'>): boolean {
  return name === DEFAULT_POLICY.name;
}

/** What a validation under the policy has to do: decided when it starts, so that its workflow is replayed as it ran. */
export function planFor(policy: Policy): PolicyInUse {
  const checks = RULE_NAMES.filter((name) => policy.rules[name] !== undefined).map(
    (name): Check & { readonly name: CheckName } => CHECKS[name],
  );
  const measures = new Set<Measure>(checks.flatMap((check) => check.measures));
  return {
    ...policy,
    steps: checks.map(({ name }) => name),
    measures: MEASURES.filter((measure) => measures.has(measure)),
    comparesWithEarlier: checks.some((check) => check.comparesWithEarlier === true),
  };
}
