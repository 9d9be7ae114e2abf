import type { Policy, PolicyRules } from '../policy.ts';
import type { StoredVerdict } from '../rejudge.ts';

/** A version of a policy as it is kept. */
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
   * Makes the next version of the policy; the latest again where that has the same rules. Null where the tenant has
   * `MAX_POLICY_VERSIONS` already.
   */
  add(
    tenant: string,
    name: string,
    rules: PolicyRules,
  ): Promise<{ readonly policy: StoredPolicy; readonly isNew: boolean } | null>;
  /** One version of it; `version` null: the latest. */
  find(tenant: string, name: string, version: number | null): Promise<StoredPolicy | null>;
  /** The latest version of each, by name; versions count from 1, so that it says how many there are. */
  list(tenant: string): Promise<(PolicyVersion & { readonly name: string })[]>;
  /** Latest first. */
  versions(tenant: string, name: string): Promise<PolicyVersion[]>;
}

/** The verdicts on a tenant's assets, to judge them again. */
export interface VerdictArchive {
  /** Terminal ones, newest first; `before` is the id of the last one seen. */
  page(tenant: string, page: { limit: number; before?: string | undefined }): Promise<StoredVerdict[]>;
  /** Those of `ids` that are the tenant's, in whatever state. */
  find(tenant: string, ids: readonly string[]): Promise<StoredVerdict[]>;
}
