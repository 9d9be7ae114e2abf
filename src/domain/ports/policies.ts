import type { Policy, PolicyRules } from '../policy.ts';
import type { StoredVerdict } from '../rejudge.ts';

/** A version of a policy as it is stored. */
export interface StoredPolicy extends Policy {
  readonly createdAt: Date;
}

/** When a version was made. */
interface PolicyVersion {
  readonly version: number;
  readonly createdAt: Date;
}

/** The policies of each tenant, without the default policy. A version never changes. */
export interface PolicyStore {
  /**
   * Makes the next version of the policy. If the latest version has the same rules, returns that one. Null if the
   * tenant already has `MAX_POLICY_VERSIONS`.
   */
  add(
    tenant: string,
    name: string,
    rules: PolicyRules,
  ): Promise<{ readonly policy: StoredPolicy; readonly isNew: boolean } | null>;
  /** One version of a policy. A `version` of null means the latest. */
  find(tenant: string, name: string, version: number | null): Promise<StoredPolicy | null>;
  /** The latest version of each policy, by name. Versions count from 1, so its number is also the count of versions. */
  list(tenant: string): Promise<(PolicyVersion & { readonly name: string })[]>;
  /** Latest first. */
  versions(tenant: string, name: string): Promise<PolicyVersion[]>;
}

/** The stored verdicts on a tenant's assets, to judge them again. */
export interface VerdictArchive {
  /** Verdicts of terminal assets, newest first. `before` is the last id of the page before it. */
  page(tenant: string, page: { limit: number; before?: string | undefined }): Promise<StoredVerdict[]>;
  /** The verdicts of those `ids` that belong to the tenant, in any state. */
  find(tenant: string, ids: readonly string[]): Promise<StoredVerdict[]>;
}
