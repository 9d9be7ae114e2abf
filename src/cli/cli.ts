import type { KeyDirectory, KeyStore, TenantLimitsStore } from '../domain/ports/keys.ts';
import type { DeliveryLog, EndpointSecrets } from '../domain/ports/webhooks.ts';
import type { SecretBox } from '../webhooks/secret-box.ts';

/** The stores that a command works on. */
export interface Session {
  readonly keys: KeyStore;
  readonly directory: KeyDirectory;
  readonly tenantLimits: TenantLimitsStore;
  readonly deliveryLog: DeliveryLog;
  readonly endpointSecrets: EndpointSecrets;
  /** @throws {ConfigError} if SECRETS_KEY is not set */
  readonly secretBox: () => SecretBox;
}

/** Every command gets this. */
export interface Cli {
  readonly print: (text: string) => void;
  /** Opens the database, and closes it when `work` has ended. */
  readonly withSession: (work: (session: Session) => Promise<void>) => Promise<void>;
}
