import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { describeKey } from './key-output.ts';

export function listCommand({ print, withSession }: Cli): Command {
  return new Command('list')
    .description('Lists the keys of all tenants, without their text: state, scopes, expiry, last use.')
    .option('--tenant <name>', 'only the keys of this tenant')
    .action(({ tenant }: { tenant?: string }) =>
      withSession(async ({ keys, directory }) => {
        const listed = await (tenant === undefined ? directory.listAll() : keys.list(tenant));
        for (const key of listed) print(describeKey(key));
        if (listed.length > 0) return;
        print(
          tenant === undefined
            ? 'There is no key yet. `keys create` makes one.'
            : `The tenant ${tenant} has no key.`,
        );
      }),
    );
}
