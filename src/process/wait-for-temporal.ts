import type { Client } from '@temporalio/client';
import type { Logger } from '../telemetry/logger.ts';
import { CALL_DEADLINE_MS } from '../temporal/client.ts';
import { findTemporalTrouble } from '../temporal/trouble.ts';
import { waitUntilUsable } from './wait.ts';

interface Dependency {
  readonly client: Client;
  readonly address: string;
  readonly logger: Logger;
}

/** Logs once if Temporal is not usable at start, and once when it is. The API accepts assets meanwhile. */
export async function sayWhetherTemporalAnswers({ client, address, logger }: Dependency): Promise<void> {
  const { namespace } = client.options;
  let isSaid = false;
  await waitUntilUsable({
    findTrouble: () => findTemporalTrouble(client, CALL_DEADLINE_MS),
    say(reason) {
      if (!isSaid)
        logger.warn(
          { address, namespace, reason },
          'Temporal is not usable yet: accepted assets wait for it',
        );
      isSaid = true;
    },
  });
  logger.info('Temporal is usable');
}
