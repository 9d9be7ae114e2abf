import { readConfig } from '../config.ts';
import { createDeliveryLog } from '../db/deliveries/delivery-log.ts';
import { createEndpointSecrets } from '../db/deliveries/endpoint-secrets.ts';
import { createKeyDirectory } from '../db/keys/key-directory.ts';
import { createKeyStore } from '../db/keys/key-store.ts';
import { openDatabase } from '../db/orm.ts';
import { connectWake } from '../db/wake.ts';
import { recallStack } from '../dev/stack-file.ts';
import { requireDatabaseUrl, requireSecretBox } from '../process/program.ts';
import type { Session } from './cli.ts';

/** Opens the database of DATABASE_URL, or else that of the stack which `npm run dev` last started here. */
export async function openSession(): Promise<{ session: Session; close: () => Promise<void> }> {
  const { VALIDATR_DATA_DIR } = readConfig();
  const config = readConfig({ ...recallStack(VALIDATR_DATA_DIR), ...givenVariables() });
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
      deliveryLog: createDeliveryLog(orm, wake.notify),
      endpointSecrets: createEndpointSecrets(orm),
      secretBox: () => requireSecretBox(config),
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
