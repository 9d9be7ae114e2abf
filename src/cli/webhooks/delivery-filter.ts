import { type Command, Option } from 'commander';
import { DELIVERY_STATES, type DeliveryState } from '../../domain/delivery.ts';
import type { DeliveryFilter, DeliveryLog } from '../../domain/ports/webhooks.ts';
import { asUuid, oneOf, timeFrom } from '../values.ts';
import { findEndpoint } from './find-endpoint.ts';

export interface FilterOptions {
  readonly asset?: string;
  readonly endpoint?: string;
  readonly state?: DeliveryState;
  readonly externalId?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly from?: Date;
  readonly to?: Date;
}

/** Options that choose deliveries. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--asset <id>', 'only deliveries of this asset', asUuid)
    .option('--endpoint <url or id>', 'only deliveries to this endpoint')
    .option(
      '--state <state>',
      `only deliveries in this state: ${DELIVERY_STATES.join(', ')}`,
      oneOf('--state', DELIVERY_STATES),
    )
    .option('--external-id <text>', "only deliveries about assets with this name of the client's")
    .option('--since <time>', 'only deliveries made at this time or later', timeFrom('--since'))
    .option('--until <time>', 'only deliveries made before this time', timeFrom('--until'))
    .addOption(
      new Option('--from <time>', 'the older name of --since').argParser(timeFrom('--from')).hideHelp(),
    )
    .addOption(new Option('--to <time>', 'the older name of --until').argParser(timeFrom('--to')).hideHelp());
}

export const TIME_HELP = '\nTimes are like 2026-01-31T12:00:00Z.';

export async function toFilter(
  log: DeliveryLog,
  tenant: string,
  { asset, endpoint, state, externalId, from, to, since = from, until = to }: FilterOptions,
): Promise<DeliveryFilter> {
  return {
    assetId: asset,
    endpointId: endpoint === undefined ? undefined : (await findEndpoint(log, tenant, endpoint)).id,
    state,
    externalId,
    since,
    until,
  };
}
