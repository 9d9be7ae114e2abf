import { type Config, ConfigError } from '../../config.ts';
import { ownSecretsKey } from '../../dev/stack-file.ts';
import { checkAddressGuard, checkAuthSetting, isLoopback, requireSecretBox } from '../program.ts';

/** Receivers may run on this machine and on its private network. Metadata services stay out of reach. */
const DEV_EGRESS_ALLOW = '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16';

interface Addresses {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
}

/** Variables of API, worker and migration: the person's own, then defaults that suit one machine. */
export async function devEnvironment(
  config: Config,
  { databaseUrl, temporalAddress }: Addresses,
  dataDir: string,
) {
  return {
    ...process.env,
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    ...(hasSecretsKey(config) ? {} : { SECRETS_KEY: await ownSecretsKey(dataDir) }),
    EGRESS_ALLOW: process.env['EGRESS_ALLOW'] || DEV_EGRESS_ALLOW,
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn',
    // No load balancer stands in front of this API, so Ctrl-C need not wait for one.
    DRAIN_DELAY_S: process.env['DRAIN_DELAY_S'] || '0',
    ...authDefault(config),
  };
}

/**
 * Checks the settings of API and worker before any server is started, because a wrong one would only stop it again.
 * @throws {ConfigError}
 */
export function checkSettings(config: Config): void {
  checkAuthSetting({ ...config, ...authDefault(config) });
  checkAddressGuard(config);
  if (hasSecretsKey(config)) requireSecretBox(config);
  if (config.S3 && config.SOURCES_FILE !== undefined)
    throw new ConfigError('  S3=yes brings a SOURCES_FILE of its own. Leave out one of the two.');
}

function hasSecretsKey({ SECRETS_KEY, SECRETS_KEY_FILE }: Config): boolean {
  return SECRETS_KEY !== undefined || SECRETS_KEY_FILE !== undefined;
}

/** Nobody else can reach the API on loopback, so keys are needed there only if the person sets AUTH=keys. */
export function authDefault({ AUTH, HOST }: Config): { AUTH?: 'disabled' } {
  return AUTH === undefined && isLoopback(HOST) ? { AUTH: 'disabled' } : {};
}
