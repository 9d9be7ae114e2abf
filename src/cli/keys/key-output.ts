import { type ApiKey, MAX_LIVE_KEYS } from '../../domain/api-key.ts';
import { describeLimits } from '../limit-options.ts';
import { UsageError } from '../../process/program.ts';

export function describeKey(key: ApiKey): string {
  const { id, tenant, state, name, scopes, expiresAt, lastUsedAt, replacedBy, limits } = key;
  const expiry = expiresAt === null ? 'does not expire' : `expires ${expiresAt.toISOString()}`;
  const use = lastUsedAt === null ? 'never used' : `last used ${lastUsedAt.toISOString()}`;
  const rotated = replacedBy === null ? '' : `  replaced by ${replacedBy}`;
  const limited = Object.values(limits).some((limit) => limit !== null) ? `  ${describeLimits(limits)}` : '';
  return `${id}  ${tenant}  ${state}  ${scopes.join(',')}  ${expiry}  ${use}  ${JSON.stringify(name)}${rotated}${limited}`;
}

/** The only place that shows a key's text. */
export function describeSecret(text: string): string {
  return `\n  ${text}\n\nKeep it: it is shown this once. Use it as "Authorization: Bearer <key>".`;
}

export function tooManyKeys(tenant: string): UsageError {
  return new UsageError(
    `The tenant ${tenant} has ${MAX_LIVE_KEYS} live keys already.`,
    'Revoke some with `keys revoke <id>`.',
  );
}
