import { timingSafeEqual } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { type ApiKey, DEFAULT_TENANT, parseApiKey, type Scope, SCOPES } from '../../domain/api-key.ts';
import { AppError } from '../../domain/errors.ts';
import type { KeyLimits } from '../../domain/ports/limits.ts';
import type { KeyDirectory } from '../../domain/ports/keys.ts';

/** The caller. `keyId` is null if the process asks for no keys. */
export interface Principal {
  readonly tenant: string;
  readonly keyId: string | null;
  readonly scopes: readonly Scope[];
  /** Limits that an operator has set for the key or its tenant. */
  readonly limits?: KeyLimits;
}

/** A key is looked up again after this time, because a revocation has to take effect within 5 s. */
const BELIEVED_FOR_MS = 3_000;
/** Keys kept in memory. Keys that do not exist are not, because a flood of them would push out the others. */
const MAX_REMEMBERED = 10_000;

/** The last use of a key is written at most this often by one process. */
const MARK_USED_EVERY_MS = 60_000;

export interface AuthDeps {
  readonly directory: KeyDirectory;
  /** Gets the error if a last use could not be written. The request goes on. */
  readonly onError: (error: unknown) => void;
}

/** Identifies the caller by `Authorization: Bearer vk_…` (RFC 6750). @throws {AppError} `unauthenticated`, `key_not_valid` */
export function createAuthentication({ directory, onError }: AuthDeps): RequestHandler {
  const markedAsUsed = new LRUCache<string, true>({ max: MAX_REMEMBERED, ttl: MARK_USED_EVERY_MS });
  const known = new LRUCache<string, NonNullable<Awaited<ReturnType<KeyDirectory['find']>>>>({
    max: MAX_REMEMBERED,
    ttl: BELIEVED_FOR_MS,
    // Requests at the same time share one look-up.
    fetchMethod: async (id) => (await directory.find(id)) ?? undefined,
  });

  function markUsed({ id }: ApiKey): void {
    if (markedAsUsed.has(id)) return;
    markedAsUsed.set(id, true);
    directory.markUsed(id).catch(onError);
  }

  return async (req, res, next) => {
    const [, scheme, token = ''] = /^(\S+) +(\S+) *$/.exec(req.get('authorization') ?? '') ?? [];
    if (scheme?.toLowerCase() !== 'bearer') {
      challenge(res);
      throw new AppError('unauthenticated', {
        detail:
          'Send an API key as "Authorization: Bearer vk_…". The operator of this service can make one: npm run cli -- keys create',
      });
    }
    const given = parseApiKey(token);
    const found = given === null ? undefined : await known.fetch(given.id);
    if (
      given === null ||
      found === undefined ||
      !timingSafeEqual(given.hash, found.hash) ||
      found.key.state !== 'active'
    ) {
      challenge(res, { error: 'invalid_token' });
      throw new AppError('key_not_valid');
    }
    markUsed(found.key);
    const { tenant, id: keyId, scopes } = found.key;
    setPrincipal(res, { tenant, keyId, scopes, limits: found.limits });
    next();
  };
}

/** For `AUTH=disabled`: every caller is the same tenant and may do everything. */
export const everybody: RequestHandler = (_req, res, next) => {
  setPrincipal(res, { tenant: DEFAULT_TENANT, keyId: null, scopes: SCOPES });
  next();
};

/** Refuses callers without the scope. `admin` includes every scope. @throws {AppError} `scope_missing` */
export function requireScope(scope: Scope): RequestHandler {
  return (_req, res, next) => {
    if (!hasScope(res, scope)) {
      challenge(res, { error: 'insufficient_scope', scope });
      throw new AppError('scope_missing', { detail: `It needs the scope ${scope}.` });
    }
    next();
  };
}

export function hasScope(res: Response, scope: Scope): boolean {
  const { scopes } = principalOf(res);
  return scopes.includes(scope) || scopes.includes('admin');
}

export function principalOf(res: Response): Principal {
  const principal = res.locals['principal'] as Principal | undefined;
  if (principal === undefined) throw new Error('The caller has not been identified');
  return principal;
}

export function tenantOf(res: Response): string {
  return principalOf(res).tenant;
}

function setPrincipal(res: Response, principal: Principal): void {
  res.locals['principal'] = principal;
}

/** RFC 6750, section 3: the answer to a request without credentials has no error attribute. */
function challenge(res: Response, attributes: Readonly<Record<string, string>> = {}): void {
  const all = Object.entries({ realm: 'validatr', ...attributes });
  res.set('WWW-Authenticate', `Bearer ${all.map(([name, value]) => `${name}="${value}"`).join(', ')}`);
}
