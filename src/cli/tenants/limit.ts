import { Command } from 'commander';
import { NO_TENANT_LIMITS, type TenantLimits } from '../../domain/ports/limits.ts';
import type { Cli } from '../cli.ts';
import {
  addTenantLimitOptions,
  describeLimits,
  LIMITS_HELP,
  changeLimits,
  type GivenLimits,
} from '../limit-options.ts';
import { chooseTenant } from '../webhooks/tenant-command.ts';

export function limitCommand({ print, withSession }: Cli): Command {
  return addTenantLimitOptions(new Command('limit'))
    .description('Changes the limits of a tenant, and shows them. Without options it only shows them.')
    .argument('<tenant>', 'name of the tenant, as `tenants list` shows it')
    .addHelpText('after', LIMITS_HELP)
    .action((name: string, given: GivenLimits<TenantLimits>) =>
      withSession(async ({ directory, tenantLimits }) => {
        const tenant = await chooseTenant(directory, { tenant: name });
        const stored = (await tenantLimits.list()).find((one) => one.tenant === tenant);
        const { tenant: _name, ...before } = stored ?? { tenant, ...NO_TENANT_LIMITS };
        const limits = changeLimits<TenantLimits>(before, given);
        if (Object.keys(given).length > 0) await tenantLimits.set(tenant, limits);
        print(`${tenant}  ${describeLimits(limits)}`);
      }),
    );
}
