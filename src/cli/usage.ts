import { type Command, CommanderError } from 'commander';
import { UsageError } from '../process/program.ts';

export const PROGRAM = 'npm run cli --';

/** The words that name a command, e.g. `keys rotate`; empty for the program itself. */
export function commandName(command: Command): string {
  const { parent } = command;
  return parent === null ? '' : `${commandName(parent)} ${command.name()}`.trim();
}

/**
 * Finds the command that the words name. @throws {UsageError} if there is none, also with `--help`. Commander alone would
 * show its help first
 */
export function findCommand(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    if (word.startsWith('-') || command.commands.length === 0) break;
    const child = command.commands.find((one) => one.name() === word);
    if (child === undefined) {
      const known = command.commands.map((one) => one.name()).join(', ');
      throw new UsageError(
        `There is no command "${`${commandName(command)} ${word}`.trim()}".`,
        `The commands here are: ${known}. See \`${helpOf(command)}\`.`,
      );
    }
    command = child;
  }
  return command;
}

/** Commander's error as a usage error. Null if commander only ended because it showed its help. @throws any other error */
export function asUsageError(error: unknown, command: Command): UsageError | null {
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) return null;
  const [finding = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const what = `${finding.charAt(0).toUpperCase()}${finding.slice(1).replace(/\.$/, '')}.`;
  return new UsageError(what, `${suggestion} See \`${helpOf(command)}\`.`.trim());
}

function helpOf(command: Command): string {
  return [PROGRAM, commandName(command), '--help'].filter((part) => part !== '').join(' ');
}
