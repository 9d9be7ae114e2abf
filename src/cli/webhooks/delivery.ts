import type { Command } from 'commander';
import { describeHttpUrl } from '../../domain/http/http-url.ts';
import type { Cli } from '../cli.ts';
import { asUuid } from '../values.ts';
import { noSuchDelivery } from './delivery-output.ts';
import { chooseTenant, tenantCommand, type TenantOption } from './tenant-command.ts';

export function deliveryCommand({ print, withSession }: Cli): Command {
  return tenantCommand('delivery')
    .description('Shows one delivery with all its tries, as JSON.')
    .argument('<id>', 'id of the delivery, as `webhooks deliveries` shows it', asUuid)
    .action((id: string, options: TenantOption) =>
      withSession(async ({ directory, deliveryLog }) => {
        const tenant = await chooseTenant(directory, options);
        const entry = await deliveryLog.find(tenant, id);
        if (entry === null) throw noSuchDelivery(tenant);
        print(JSON.stringify({ ...entry, url: describeHttpUrl(entry.url) }, null, 2));
      }),
    );
}
