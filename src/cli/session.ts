import { readConfig } from '../config.ts';
import { createDeliveryLog } from '../db/deliveries/delivery-log.ts';
import { createEndpointSecrets } from '../db/deliveries/endpoint-secrets.ts';
import { createKeyDirectory } from '../db/keys/key-directory.ts';
import { createKeyStore } from '../db/keys/key-store.ts';
import { createTenantLimits } from '../db/keys/tenant-limits.ts';
import { openDatabase } from '../db/orm.ts';
import { addressOf, findDatabaseTrouble } from '../db/trouble.ts';
import { connectWake } from '../db/wake.ts';
import { recallStack } from '../dev/stack-file.ts';
import { AppError } from '../domain/errors.ts';
import { CannotRun, requireDatabaseUrl, requireSecretBox } from '../process/program.ts';
import type { Session } from './cli.ts';

const EXIT_UNAVAILABLE = 1;

interface OpenSession {
  readonly session: Session;
  readonly close: () => Promise<void>;
  /** The error to show instead of this one, if the database can't be reached. */
  readonly explain: (error: unknown) => Promise<unknown>;
}

/** Opens the database of DATABASE_URL, or else that of the stack which `npm run dev` last started here. */
export async function openSession(): Promise<OpenSession> {
  const { VALIDATR_DATA_DIR } = readConfig();
  const given = givenVariables();
  const config = readConfig({ ...recallStack(VALIDATR_DATA_DIR), ...given });
  const url = requireDatabaseUrl(config);
  const orm = await openDatabase({
    url,
    poolMax: 2,
    preparedStatements: config.DATABASE_PREPARED_STATEMENTS,
  });
  const wake = connectWake(url, () => undefined);
  return {
    session: {
      keys: createKeyStore(orm),
      directory: createKeyDirectory(orm),
      tenantLimits: createTenantLimits(orm),
      deliveryLog: createDeliveryLog(orm, wake.notify),
      endpointSecrets: createEndpointSecrets(orm),
      secretBox: () => requireSecretBox(config),
    },
    async explain(error) {
      if (!(error instanceof AppError) || error.code !== 'database_unavailable') return error;
      const trouble = await findDatabaseTrouble(orm);
      if (trouble === null) return error;
      const hint = given['DATABASE_URL'] === undefined ? '\nIs `make dev` running?' : '';
      return new CannotRun(`Postgres at ${addressOf(url)}: ${trouble.reason}.${hint}`, EXIT_UNAVAILABLE);
    },
    async close() {
      await wake.stop();
      await orm.close();
    },
  };
}

/** An empty variable counts as unset, as everywhere. */
function givenVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''));
}
