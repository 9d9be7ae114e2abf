import type { Logger } from '../telemetry/logger.ts';
import { isMendedByWorkers } from '../temporal/namespace.ts';
import { waitUntilUsable } from './wait.ts';

interface Dependency {
  readonly findTrouble: () => Promise<string | null>;
  readonly address: string;
  readonly namespace: string;
  readonly logger: Logger;
}

/**
 * Logs once if Temporal is not usable at start, and once when it is. The API accepts assets meanwhile. It is no warning if
 * only things are missing that a worker creates when it starts.
 */
export async function sayWhetherTemporalAnswers({
  findTrouble,
  address,
  namespace,
  logger,
}: Dependency): Promise<void> {
  let isSaid = false;
  await waitUntilUsable({
    findTrouble,
    say(reason) {
      if (!isSaid)
        logger[isMendedByWorkers(reason) ? 'info' : 'warn'](
          { address, namespace, reason },
          'Temporal is not usable yet: accepted assets wait for it',
        );
      isSaid = true;
    },
  });
  logger.info('Temporal is usable');
}
