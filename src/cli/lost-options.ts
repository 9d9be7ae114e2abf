import type { Command } from 'commander';
import { UsageError } from '../process/program.ts';
import { commandName, PROGRAM } from './usage.ts';

/** npm's own settings. A person's .npmrc may have them. No command takes one of these without an option beside it. */
const NPM_SETTINGS = new Set(['--all', '--force']);

/**
 * Without `--` after `npm run cli`, npm takes the options for itself. The command would then run without them, e.g. make a
 * key for another tenant. npm 10 and 11 pass such options on as variables, e.g. `--expires-days` as `npm_config_expires_days`.
 * @throws {UsageError} if npm took an option of this command
 */
export function checkLostOptions(command: Command, words: readonly string[], env: NodeJS.ProcessEnv): void {
  if (env['npm_lifecycle_event'] !== 'cli') return;
  const lost = command.options
    .map(({ long }) => long ?? '')
    .filter((option) => !NPM_SETTINGS.has(option))
    .filter((option) => env[`npm_config_${option.slice(2).replaceAll('-', '_')}`] !== undefined)
    .filter((option) => !words.some((word) => word === option || word.startsWith(`${option}=`)));
  if (lost.length === 0) return;
  throw new UsageError(
    `npm took ${lost.join(', ')} for itself.`,
    `Write "--" after "cli": ${PROGRAM} ${commandName(command)} ${lost[0]} …`,
  );
}
