import type { Command } from 'commander';
import type { Endpoint } from '../../domain/ports/webhooks.ts';
import type { Cli } from '../cli.ts';
import { chooseTenant, tenantCommand, type TenantOption } from './tenant-command.ts';

export function endpointsCommand({ print, withSession }: Cli): Command {
  return tenantCommand('endpoints')
    .description('Lists every endpoint that was used: whether it is enabled, its last success or failures.')
    .action((options: TenantOption) =>
      withSession(async ({ directory, deliveryLog }) => {
        const endpoints = await deliveryLog.listEndpoints(await chooseTenant(directory, options));
        if (endpoints.length === 0) print('No webhook has been sent yet.');
        for (const endpoint of endpoints) print(describeEndpoint(endpoint));
      }),
    );
}

function describeEndpoint(endpoint: Endpoint): string {
  const { id, url, verifiedAt, disabledBecause, failingSince, deliveredAt } = endpoint;
  const state = disabledBecause === null ? 'enabled' : `disabled (${disabledBecause})`;
  const delivered = deliveredAt === null ? 'never delivered' : `last delivered ${deliveredAt.toISOString()}`;
  const success = failingSince === null ? delivered : `failing since ${failingSince.toISOString()}`;
  const proof = verifiedAt === null ? 'not verified' : `verified ${verifiedAt.toISOString()}`;
  return `${id}  ${state.padEnd(18)}  ${proof}  ${success}  ${url}`;
}
