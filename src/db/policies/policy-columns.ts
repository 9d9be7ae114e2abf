import { DEFAULT_POLICY, isDefaultPolicy, type PolicyId } from '../../domain/policy.ts';

/** The policy of an asset in its row. NULL stands for the default policy. Only this file and the SQL of this folder know that. */
export interface PolicyColumns {
  readonly policyName: string | null;
  readonly policyVersion: number | null;
}

export function asPolicyColumns(policy: PolicyId): PolicyColumns {
  return isDefaultPolicy(policy)
    ? { policyName: null, policyVersion: null }
    : { policyName: policy.name, policyVersion: policy.version };
}

export function asPolicyId({ policyName: name, policyVersion: version }: PolicyColumns): PolicyId {
  return name === null || version === null ? DEFAULT_POLICY : { name, version };
}
