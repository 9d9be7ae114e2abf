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
        const stillActive = (await keys.revoke(key.tenant, key.id)) ?? [];
        print('Revoked. Every API process refuses it within 5 s.');
        for (const other of stillActive)
          print(`The key ${other.id} of the same rotation still works. To end it: keys revoke ${other.id}`);
      }),
    );
}
