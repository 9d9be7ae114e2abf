import type { Config } from '../../config.ts';
import { ownSecretsKey } from '../../dev/stack-file.ts';
import { isLoopback } from '../program.ts';

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
  const hasSecretsKey = config.SECRETS_KEY !== undefined || config.SECRETS_KEY_FILE !== undefined;
  return {
    ...process.env,
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    ...(hasSecretsKey ? {} : { SECRETS_KEY: await ownSecretsKey(dataDir) }),
    EGRESS_ALLOW: process.env['EGRESS_ALLOW'] || DEV_EGRESS_ALLOW,
    READYZ_REQUIRES_WORKER: 'yes',
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn',
    // No load balancer stands in front of this API, so Ctrl-C need not wait for one.
    DRAIN_DELAY_S: process.env['DRAIN_DELAY_S'] || '0',
    ...authDefault(config),
  };
}

/** Nobody else can reach the API on loopback, so keys are needed there only if the person sets AUTH=keys. */
export function authDefault({ AUTH, HOST }: Config): { AUTH?: 'disabled' } {
  return AUTH === undefined && isLoopback(HOST) ? { AUTH: 'disabled' } : {};
}
