import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { numberFrom } from '../values.ts';
import { addFilterOptions, type FilterOptions, TIME_HELP, toFilter } from './delivery-filter.ts';
import { describeDelivery } from './delivery-output.ts';
import { chooseTenant, tenantCommand, type TenantOption } from './tenant-command.ts';

interface Options extends TenantOption, FilterOptions {
  readonly limit: number;
}

const MAX_LIMIT = 500;

export function deliveriesCommand({ print, withSession }: Cli): Command {
  return addFilterOptions(tenantCommand('deliveries'))
    .description('Lists the delivery log, newest first.')
    .option(
      '--limit <n>',
      `deliveries to show, ${MAX_LIMIT} at most`,
      numberFrom('--limit', { min: 1, max: MAX_LIMIT }),
      50,
    )
    .addHelpText(
      'after',
      `${TIME_HELP} For the page before, set --until to the time of the last delivery shown.`,
    )
    .action(({ limit, ...options }: Options) =>
      withSession(async ({ directory, deliveryLog }) => {
        const tenant = await chooseTenant(directory, options);
        const filter = await toFilter(deliveryLog, tenant, options);
        const entries = await deliveryLog.list(tenant, filter, { limit });
        if (entries.length === 0) print('No delivery matches.');
        for (const entry of entries) print(describeDelivery(entry));
      }),
    );
}
