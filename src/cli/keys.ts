import { randomBytes } from 'node:crypto';
import {
  type ApiKey,
  DEFAULT_OVERLAP_H,
  DEFAULT_TENANT,
  expiryAfter,
  KEY_ENTROPY_BYTES,
  keyState,
  makeApiKey,
  MAX_EXPIRY_DAYS,
  MAX_LIVE_KEYS,
  MAX_OVERLAP_H,
  type Scope,
  SCOPES,
  TENANT_NAME,
} from '../domain/api-key.ts';
import type { KeyDirectory, KeyStore } from '../domain/ports/keys.ts';
import { UsageError } from '../process/program.ts';

/** What the command line gave, as `parseArgs` reads it. */
interface Options {
  readonly tenant?: string | undefined;
  readonly name?: string | undefined;
  readonly scopes?: string | undefined;
  readonly 'expires-days'?: string | undefined;
  readonly 'overlap-hours'?: string | undefined;
}

/** What comes after `keys`. */
export const KEY_COMMANDS = ['create', 'list', 'rotate', 'revoke'] as const;

type Command = (args: readonly string[], options: Options) => Promise<void>;

export interface KeyCommandsDeps {
  readonly keys: KeyStore;
  readonly directory: KeyDirectory;
  readonly print: (text: string) => void;
}

export function createKeyCommands({
  keys,
  directory,
  print,
}: KeyCommandsDeps): Record<(typeof KEY_COMMANDS)[number], Command> {
  /** Operators name a key by its id alone. */
  async function findKey(id: string | undefined): Promise<ApiKey> {
    const found = id === undefined ? null : await directory.find(id);
    if (found === null)
      throw new UsageError(
        `${id === undefined ? 'It needs the id of a key' : `There is no key ${id}`}: \`keys list\` shows them.`,
      );
    return found.key;
  }

  return {
    async create(_args, options) {
      const { tenant = DEFAULT_TENANT, name = 'command line' } = options;
      if (!TENANT_NAME.test(tenant))
        throw new UsageError('--tenant takes lower-case letters, digits and hyphens, 63 at most.');
      const days = asNumber('--expires-days', options['expires-days'], { min: 1, max: MAX_EXPIRY_DAYS });
      const { text, ...made } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
      const key = await keys.create(tenant, {
        ...made,
        name,
        scopes: asScopes(options.scopes),
        expiresAt: expiryAfter(days, new Date()),
      });
      if (key === null) throw new UsageError(tooMany(tenant));
      print(describeKey(key));
      printSecret(text);
    },

    async list(_args, { tenant }) {
      const listed = await (tenant === undefined ? directory.listAll() : keys.list(tenant));
      if (listed.length === 0)
        print(
          tenant === undefined
            ? 'There is no key yet. `keys create` makes one.'
            : `The tenant ${tenant} has no key.`,
        );
      for (const key of listed) print(describeKey(key));
    },

    async rotate([id], options) {
      const { id: oldId, tenant } = await findKey(id);
      const overlapH =
        asNumber('--overlap-hours', options['overlap-hours'], { min: 0, max: MAX_OVERLAP_H }) ??
        DEFAULT_OVERLAP_H;
      const { text, ...successor } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
      const rotated = await keys.rotate(tenant, oldId, successor, overlapH);
      if (rotated === 'too_many') throw new UsageError(tooMany(tenant));
      if (typeof rotated === 'string') throw new UsageError('It has ended, or was rotated before.');
      print(describeKey(rotated));
      print(`The key before it works for ${overlapH} more hours at most.`);
      printSecret(text);
    },

    async revoke([id]) {
      const key = await findKey(id);
      await keys.revoke(key.tenant, key.id);
      print('Revoked: within 5 s no process takes it any more.');
    },
  };

  function printSecret(text: string): void {
    print(`\n  ${text}\n\nKeep it: it is shown this once. Use it as "Authorization: Bearer <key>".`);
  }
}

function tooMany(tenant: string): string {
  return `The tenant ${tenant} has ${MAX_LIVE_KEYS} live keys already: revoke some.`;
}

/** By default all that working with assets takes. */
function asScopes(text = 'assets:read,assets:write,webhooks:manage,policies:manage'): Scope[] {
  const scopes = new Set(text.split(',').map((scope) => scope.trim()));
  const unknown = [...scopes].filter((scope) => !(SCOPES as readonly string[]).includes(scope));
  if (unknown.length > 0)
    throw new UsageError(`--scopes takes ${SCOPES.join(', ')}, separated by commas; not "${unknown[0]}".`);
  return [...scopes] as Scope[];
}

/** Null where it is not given. */
function asNumber(
  option: string,
  text: string | undefined,
  { min, max }: { min: number; max: number },
): number | null {
  if (text === undefined) return null;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < min || number > max)
    throw new UsageError(`${option} takes a number from ${min} to ${max}.`);
  return number;
}

function describeKey(key: ApiKey): string {
  const { id, tenant, name, scopes, expiresAt, lastUsedAt, replacedBy } = key;
  const state = keyState(key, new Date());
  const expiry = expiresAt === null ? 'does not expire' : `expires ${expiresAt.toISOString()}`;
  const use = lastUsedAt === null ? 'never used' : `last used ${lastUsedAt.toISOString()}`;
  const rotated = replacedBy === null ? '' : `  replaced by ${replacedBy}`;
  return `${id}  ${tenant}  ${state}  ${scopes.join(',')}  ${expiry}  ${use}  ${JSON.stringify(name)}${rotated}`;
}
