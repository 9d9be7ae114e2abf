import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import {
  DEFAULT_TENANT,
  KEY_ENTROPY_BYTES,
  keyName,
  makeApiKey,
  MAX_EXPIRY_DAYS,
  MAX_NAME_LENGTH,
  type Scope,
  SCOPE_WORDS,
  SCOPES,
  TENANT_NAME,
} from '../../domain/api-key.ts';
import { type KeyLimits, NO_KEY_LIMITS } from '../../domain/ports/limits.ts';
import { UsageError } from '../../process/program.ts';
import type { Cli } from '../cli.ts';
import { addKeyLimitOptions, LIMITS_HELP, changeLimits, type GivenLimits } from '../limit-options.ts';
import { numberFrom } from '../values.ts';
import { describeKey, describeSecret, tooManyKeys } from './key-output.ts';

interface Options extends GivenLimits<KeyLimits> {
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresDays?: number;
}

/** The scopes that working with assets needs. */
const DEFAULT_SCOPES: readonly Scope[] = [
  'assets:read',
  'assets:write',
  'webhooks:manage',
  'policies:manage',
];

const SCOPES_HELP = `
Scopes:
${SCOPES.map((scope) => `  ${scope.padEnd(15)}  ${SCOPE_WORDS[scope]}`).join('\n')}

A tenant exists as soon as it has its first key.`;

export function createCommand({ print, withSession }: Cli): Command {
  return addKeyLimitOptions(new Command('create'))
    .description('Makes an API key and shows it. It is shown this once.')
    .option('--tenant <name>', 'tenant that the key belongs to', asTenant, DEFAULT_TENANT)
    .option('--name <text>', 'what will use the key, for people', asName, 'command line')
    .addOption(
      new Option('--scopes <list>', 'what the key may do, separated by commas')
        .argParser(asScopes)
        .default(DEFAULT_SCOPES, 'all but admin'),
    )
    .option(
      '--expires-days <n>',
      'days until the key expires. Without it the key does not expire',
      numberFrom('--expires-days', { min: 1, max: MAX_EXPIRY_DAYS }),
    )
    .addHelpText('after', SCOPES_HELP + LIMITS_HELP)
    .action(({ tenant, name, scopes, expiresDays, ...limits }: Options) =>
      withSession(async ({ keys }) => {
        const { text, ...made } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
        const key = await keys.create(tenant, {
          ...made,
          name,
          scopes,
          expiresInDays: expiresDays ?? null,
          limits: changeLimits(NO_KEY_LIMITS, limits),
        });
        if (key === null) throw tooManyKeys(tenant);
        print(describeKey(key));
        print(describeSecret(text));
      }),
    );
}

function asTenant(text: string): string {
  if (!TENANT_NAME.test(text))
    throw new UsageError(
      `--tenant can't be "${text}".`,
      '--tenant takes lower-case letters, digits and hyphens, 63 at most.',
    );
  return text;
}

/** The error does not repeat the name, because it may be long. */
function asName(text: string): string {
  if (!keyName.safeParse(text).success)
    throw new UsageError(
      `--name can't have ${text.length} characters.`,
      `--name takes 1 to ${MAX_NAME_LENGTH} characters.`,
    );
  return text;
}

function asScopes(text: string): Scope[] {
  const scopes = new Set(text.split(',').map((scope) => scope.trim()));
  const unknown = [...scopes].find((scope) => !(SCOPES as readonly string[]).includes(scope));
  if (unknown !== undefined)
    throw new UsageError(
      `There is no scope "${unknown}".`,
      `--scopes takes ${SCOPES.join(', ')}, separated by commas.`,
    );
  return [...scopes] as Scope[];
}
