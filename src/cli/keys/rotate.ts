import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { DEFAULT_OVERLAP_H, KEY_ENTROPY_BYTES, makeApiKey, MAX_OVERLAP_H } from '../../domain/api-key.ts';
import { UsageError } from '../../process/program.ts';
import type { Cli } from '../cli.ts';
import { numberFrom } from '../values.ts';
import { findKey } from './find-key.ts';
import { describeKey, describeSecret, tooManyKeys } from './key-output.ts';

export function rotateCommand({ print, withSession }: Cli): Command {
  return new Command('rotate')
    .description(
      'Makes a key in the place of another one and shows it. The old key works for some hours more.',
    )
    .argument('<id>', 'id of the old key, as `keys list` shows it')
    .option(
      '--overlap-hours <n>',
      'hours that the old key still works. 0 ends it at once',
      numberFrom('--overlap-hours', { min: 0, max: MAX_OVERLAP_H }),
      DEFAULT_OVERLAP_H,
    )
    .action((id: string, { overlapHours }: { overlapHours: number }) =>
      withSession(async ({ keys, directory }) => {
        const { id: oldId, tenant } = await findKey(directory, id);
        const { text, ...successor } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
        const rotated = await keys.rotate(tenant, oldId, successor, overlapHours);
        if (rotated === 'too_many') throw tooManyKeys(tenant);
        if (typeof rotated === 'string')
          throw new UsageError(
            `The key "${oldId}" has ended, or was rotated before.`,
            'Make a new key with `keys create`, or rotate the key that replaced it.',
          );
        print(describeKey(rotated));
        print(`The old key works for ${overlapHours} more hours at most.`);
        print(describeSecret(text));
      }),
    );
}
