import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { describeLimits } from '../limit-options.ts';

export function listCommand({ print, withSession }: Cli): Command {
  return new Command('list').description('Lists the tenants with their limits.').action(() =>
    withSession(async ({ directory, tenantLimits }) => {
      const limited = new Map((await tenantLimits.list()).map(({ tenant, ...limits }) => [tenant, limits]));
      const names = new Set([...(await directory.tenants()), ...limited.keys()]);
      if (names.size === 0) print('There is no tenant yet. `keys create` makes one.');
      for (const name of [...names].sort()) {
        const limits = limited.get(name);
        print(`${name}  ${limits === undefined ? 'no limits of its own' : describeLimits(limits)}`);
      }
    }),
  );
}
