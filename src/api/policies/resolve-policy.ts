import { LRUCache } from 'lru-cache';
import { AppError } from '../../domain/errors.ts';
import {
  DEFAULT_POLICY,
  describePolicy,
  isDefaultPolicy,
  parsePolicyReference,
  type PolicyId,
} from '../../domain/policy.ts';
import { needsOfRules } from '../../domain/needs.ts';
import type { ChosenPolicy } from '../../domain/ports/assets.ts';
import type { PolicyStore } from '../../domain/ports/policies.ts';
import { findPolicy } from './find-policy.ts';

/** Versions remembered at once, of all tenants. */
const MAX_REMEMBERED = 10_000;

/** Finds the version that a `policy` means now: the default policy without one, an error if there is no such version. */
export type ResolvePolicy = (
  tenant: string,
  reference: string | undefined,
) => Promise<ChosenPolicy | AppError>;

/**
 * A submission without a policy causes no query. A version causes one query in the life of this process, because versions
 * never change and never go. A name alone is looked up each time, because a new version may have come.
 */
export function createResolvePolicy(policies: Pick<PolicyStore, 'find'>): ResolvePolicy {
  /** The number that a worker needs for each of these versions (`needs.ts`). */
  const known = new LRUCache<string, number>({ max: MAX_REMEMBERED });

  return async (tenant, reference) => {
    if (reference === undefined) return DEFAULT_POLICY;
    const asked = parsePolicyReference(reference);
    if (asked === null) return new AppError('policy_not_found');
    const { name, version } = asked;
    // The slash separates the two, because no tenant's name has one.
    const key = (id: PolicyId) => `${tenant}/${describePolicy(id)}`;
    if (version !== null) {
      const needs = known.get(key({ name, version }));
      if (needs !== undefined) return { name, version, needs };
    }
    const found = await findPolicy(policies, tenant, asked);
    if (found instanceof AppError) return found;
    if (isDefaultPolicy(found)) return DEFAULT_POLICY;
    const needs = needsOfRules(found.rules);
    known.set(key(found), needs);
    return { name: found.name, version: found.version, needs };
  };
}
