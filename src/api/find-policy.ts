import { AppError } from '../domain/errors.ts';
import { POLICY_NAME, type Policy } from '../domain/policy.ts';
import type { PolicyStore } from '../domain/policy-ports.ts';
import { BUILT_IN } from './policy-answers.ts';

type Policies = Pick<PolicyStore, 'find'>;

/** One version of a policy as the tenant has it; `version` null: the latest. Null where it is not there. */
export async function lookUpPolicy(policies: Policies, tenant: string, name: string, version: number | null) {
  if (name !== BUILT_IN.name) return POLICY_NAME.test(name) ? policies.find(tenant, name, version) : null;
  return (version ?? BUILT_IN.version) === BUILT_IN.version ? BUILT_IN : null;
}

/** The error that a policy is not there, which says whether another version of it is. */
export async function policyNotFound(
  policies: Policies,
  tenant: string,
  { name, version }: { readonly name: string; readonly version: number | null },
): Promise<AppError> {
  const latest: Policy | null = version === null ? null : await lookUpPolicy(policies, tenant, name, null);
  if (latest === null) return new AppError('policy_not_found');
  const detail = `Policy ${name} has no version ${version}; its latest is ${latest.version}.`;
  return new AppError('policy_not_found', { detail });
}
