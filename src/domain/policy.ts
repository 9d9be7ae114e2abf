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

/** Settings that every rule may have besides those of its check. */
const common = {
  /** Only errors fail an asset. Warnings and infos are reported with it. */
  severity: z.enum(NOTE_SEVERITIES).default('error'),
  /** Replaces the check's own sentence. Placeholders such as `{score}` are filled in (`rule-message.ts`). */
  message: text.min(1).max(MAX_MESSAGE_LENGTH).exactOptional(),
};

type RuleSchema<Settings extends z.ZodRawShape> = z.ZodObject<typeof common & Settings, z.core.$strict>;

/** The rules of a policy: which checks run, and how. With no rules, every image that decodes passes. */
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
        code === 'unrecognized_keys' ? `is not a rule; the rules are ${RULE_NAMES.join(', ')}` : undefined,
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
      const message = `is above the maximum ${most} of this policy, so no image could pass`;
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

/**
 * A policy as a validation uses it, with the plan that follows from its rules
 * (`planFor`). It is part of recorded histories.
 */
export interface PolicyInUse extends Policy {
  /** Steps to judge, in reporting order. */
  readonly steps: readonly CheckName[];
  readonly measures: readonly Measure[];
  readonly comparesWithEarlier: boolean;
}

export const POLICY_NAME = new RegExp(`^${LABEL}$`);

/** `name@version`, or `name` for its latest version. */
export const POLICY_REFERENCE = new RegExp(`^(${LABEL})(?:@([1-9][0-9]{0,8}))?$`);

/** Most versions of a tenant, over all its policies. The limit stops a loop that makes versions by mistake. */
export const MAX_POLICY_VERSIONS = 1_000;

/**
 * The policy of the contract, for submissions that name none. Every tenant has it, and nobody can
 * change it. Code always uses this value. Rows hold NULL instead
 * (`src/db/policies/policy-columns.ts`), and workflow inputs have no `policy`.
 */
export const DEFAULT_POLICY: Policy = {
  name: 'default',
  version: 1,
  rules: policyRules.parse({ formats: { allow: ['JPEG'] }, maxDimensions: { width: 1000, height: 1000 } }),
};

/** The name and version in a reference. `version` is null if the text has none. Null if the text is no reference. */
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

/** The name is enough, because no tenant can make a policy of that name and it has one version. */
export function isDefaultPolicy({ name }: Pick<Policy, 'name'>): boolean {
  return name === DEFAULT_POLICY.name;
}

/**
 * The plan of a validation under the policy. It is made when the validation starts, so
 * that a replay of the workflow does the same.
 */
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
