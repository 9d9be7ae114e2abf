import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { PROGRAM } from '../usage.ts';
import { findEndpoint } from './find-endpoint.ts';
import { chooseTenant, tenantCommand, type TenantOption } from './tenant-command.ts';

export function enableCommand({ print, withSession }: Cli): Command {
  return tenantCommand('enable')
    .description('Enables an endpoint again that was disabled by a 410 answer or by 120 h of failures.')
    .argument('<url or id>', 'a URL of the endpoint, or its id as `webhooks endpoints` shows it')
    .action((idOrUrl: string, options: TenantOption) =>
      withSession(async ({ directory, deliveryLog }) => {
        const tenant = await chooseTenant(directory, options);
        const { id } = await findEndpoint(deliveryLog, tenant, idOrUrl);
        if (!(await deliveryLog.enable(tenant, id))) return print('It is enabled already.');
        print('Enabled. Send again the deliveries that failed meanwhile:');
        print(`  ${PROGRAM} webhooks replay --all --endpoint ${id} --state failed --tenant ${tenant}`);
      }),
    );
}
