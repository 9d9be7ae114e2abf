import { Command } from 'commander';
import type { KeyLimits } from '../../domain/ports/limits.ts';
import type { Cli } from '../cli.ts';
import {
  addKeyLimitOptions,
  describeLimits,
  LIMITS_HELP,
  changeLimits,
  type GivenLimits,
} from '../limit-options.ts';
import { findKey } from './find-key.ts';

export function limitCommand({ print, withSession }: Cli): Command {
  return addKeyLimitOptions(new Command('limit'))
    .description('Changes the limits of a key, and shows them. Without options it only shows them.')
    .argument('<id>', 'id of the key, as `keys list` shows it')
    .addHelpText('after', LIMITS_HELP)
    .action((id: string, given: GivenLimits<KeyLimits>) =>
      withSession(async ({ keys, directory }) => {
        const key = await findKey(directory, id);
        const limits = changeLimits(key.limits, given);
        if (Object.keys(given).length > 0) await keys.setLimits(key.tenant, key.id, limits);
        print(`${key.id}  ${key.tenant}  ${describeLimits(limits)}`);
      }),
    );
}
