import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { tune } from '../../domain/tune.ts';
import { CannotRun, UsageError } from '../../process/program.ts';
import type { Cli } from '../cli.ts';
import { describeTuning } from './describe-tuning.ts';
import { listFiles } from './list-files.ts';

interface TuneOptions {
  readonly good?: string;
  readonly bad?: string;
  readonly html?: string;
}

export function tuneCommand({ print }: Pick<Cli, 'print'>): Command {
  return new Command('tune')
    .description(
      'Chooses thresholds by examples. It measures the pictures of two folders, and prints rules that refuse no good one and as many bad ones as that allows. It needs no server.',
    )
    .option('--good <folder>', 'pictures that have to pass (required)')
    .option('--bad <folder>', 'pictures that must not pass: blurred, dark, … (required)')
    .option('--html <file>', 'also writes a page with the curve of each rule')
    .action(async ({ good, bad, html }: TuneOptions) => {
      // Commander would ask for a missing option before it names one that does not exist, such as --goood.
      if (good === undefined || bad === undefined)
        throw new UsageError(
          `The option ${good === undefined ? '--good' : '--bad'} is missing.`,
          'Give a folder of good examples by --good, and one of bad ones by --bad.',
        );
      const files = { good: await listFiles('--good', good), bad: await listFiles('--bad', bad) };
      // Help and usage errors come at once.
      const { measureExamples } = await import('./measure-examples.ts');
      const { examples, leftOut } = await measureExamples(files);
      for (const [kind, { length }] of Object.entries(examples))
        if (length === 0) throw new CannotRun(`No file in --${kind} is a picture that can be decoded.`);
      const tuning = tune(examples);
      print(describeTuning(examples, tuning, leftOut));
      if (html === undefined) return;
      const { tuningPage } = await import('./tuning-page.ts');
      await writeFile(html, tuningPage(examples, tuning));
      print(`\nThe curves are in ${html}.`);
    });
}
