import { AppError } from '../../domain/errors.ts';
import { POLICY_NAME } from '../../domain/policy.ts';
import type { PolicyStore } from '../../domain/ports/policies.ts';
import { BUILT_IN } from './answers.ts';

interface Asked {
  readonly name: string;
  /** Null: the latest. */
  readonly version: number | null;
}

/** The tenant's policy, or the error that it does not exist. If only the version is missing, the error says so. */
export async function findPolicy(policies: Pick<PolicyStore, 'find'>, tenant: string, asked: Asked) {
  async function lookUp({ name, version }: Asked) {
    if (name !== BUILT_IN.name) return POLICY_NAME.test(name) ? policies.find(tenant, name, version) : null;
    return (version ?? BUILT_IN.version) === BUILT_IN.version ? BUILT_IN : null;
  }

  const found = await lookUp(asked);
  if (found !== null) return found;
  const { name, version } = asked;
  const latest = version === null ? null : await lookUp({ name, version: null });
  if (latest === null) return new AppError('policy_not_found', { detail: `No policy is named ${name}.` });
  const detail = `Policy ${name} has no version ${version}; its latest is ${latest.version}.`;
  return new AppError('policy_not_found', { detail });
}

/** The same for a name from a path. @throws {AppError} `policy_not_found` */
export async function findOr404(
  policies: Pick<PolicyStore, 'find'>,
  tenant: string,
  { name, version }: { readonly name: unknown; readonly version: number | null },
) {
  if (typeof name !== 'string') throw new AppError('policy_not_found');
  const found = await findPolicy(policies, tenant, { name, version });
  if (found instanceof AppError) throw found;
  return found;
}
