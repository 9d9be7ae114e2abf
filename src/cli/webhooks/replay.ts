import type { Command } from 'commander';
import { REPLAY_PAUSE_S } from '../../domain/delivery.ts';
import { UsageError } from '../../process/program.ts';
import type { Cli, Session } from '../cli.ts';
import { asUuid } from '../values.ts';
import { addFilterOptions, type FilterOptions, TIME_HELP, toFilter } from './delivery-filter.ts';
import { noSuchDelivery } from './delivery-output.ts';
import { chooseTenant, tenantCommand, type TenantOption } from './tenant-command.ts';

interface Options extends TenantOption, FilterOptions {
  readonly all?: boolean;
}

export function replayCommand({ print, withSession }: Cli): Command {
  return addFilterOptions(
    tenantCommand('replay')
      .description(
        'Sends a delivery again, with the same webhook-id and body, from the start of the schedule.',
      )
      .argument('[id]', 'id of the delivery, as `webhooks deliveries` shows it', asUuid)
      .option('--all', 'all deliveries that match the options below and whose endpoint is enabled'),
  )
    .addHelpText('after', TIME_HELP)
    .action((id: string | undefined, { all = false, tenant, ...filter }: Options) => {
      checkChoice(id, all, Object.keys(filter).length > 0);
      return withSession(async ({ directory, deliveryLog }) => {
        const owner = await chooseTenant(directory, tenant === undefined ? {} : { tenant });
        print(
          id === undefined
            ? await replayAll(deliveryLog, owner, filter)
            : await replayOne(deliveryLog, owner, id),
        );
      });
    });
}

/** @throws {UsageError} unless the command names one delivery, or --all with at least one filter */
function checkChoice(id: string | undefined, all: boolean, isFiltered: boolean): void {
  if (id === undefined && !all)
    throw new UsageError(
      'The command does not say what to send again.',
      'Give the id of a delivery, or --all with a filter.',
    );
  if (id !== undefined && (all || isFiltered))
    throw new UsageError('An id names one delivery already.', 'Leave out the id, or --all and its filters.');
  if (all && !isFiltered)
    throw new UsageError(
      '--all needs a filter.',
      'Add at least one of --asset, --endpoint, --state, --external-id, --since, --until.',
    );
}

async function replayAll(
  log: Session['deliveryLog'],
  tenant: string,
  options: FilterOptions,
): Promise<string> {
  const { replayed, tooSoon, leftOut } = await log.replayAll(tenant, await toFilter(log, tenant, options));
  const lines = [replayed === 1 ? '1 delivery is sent again.' : `${replayed} deliveries are sent again.`];
  if (tooSoon > 0)
    lines.push(`${tooSoon} were left out because they were replayed less than ${REPLAY_PAUSE_S} s ago.`);
  if (leftOut > 0)
    lines.push(
      `${leftOut} were left out because their endpoints are disabled (webhooks enable <url or id>).`,
    );
  return lines.join('\n');
}

async function replayOne(log: Session['deliveryLog'], tenant: string, id: string): Promise<string> {
  const outcome = await log.replay(tenant, id);
  if (outcome === 'not_found') throw noSuchDelivery(tenant);
  if (outcome === 'skipped')
    throw new UsageError(
      'The delivery was never sent because its URL is not valid.',
      'It can not be replayed.',
    );
  if (outcome === 'endpoint_disabled')
    throw new UsageError('Its endpoint is disabled.', 'Enable it first: `webhooks enable <url or id>`.');
  if (outcome !== 'replayed')
    throw new UsageError(
      'It was replayed a moment ago and is still pending.',
      `It can be replayed again in ${outcome.retryAfterS} s.`,
    );
  return 'It is sent again: at once, unless its endpoint is paused (docs/webhooks.md).';
}
