import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { findKey } from './find-key.ts';

export function revokeCommand({ print, withSession }: Cli): Command {
  return new Command('revoke')
    .description('Ends a key for good. Every API process refuses it within 5 s.')
    .argument('<id>', 'id of the key, as `keys list` shows it')
    .action((id: string) =>
      withSession(async ({ keys, directory }) => {
        const key = await findKey(directory, id);
        await keys.revoke(key.tenant, key.id);
        print('Revoked. Every API process refuses it within 5 s.');
      }),
    );
}
