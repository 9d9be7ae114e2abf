import type { Cli } from './cli.ts';
import { createCommands } from './create-commands.ts';
import { checkLostOptions } from './lost-options.ts';
import { asUsageError, findCommand } from './usage.ts';

/** `npm run cli -- <command>` */
export function runCli(): Promise<void> {
  return runWords(process.argv.slice(2), {
    print: (text) => process.stdout.write(`${text}\n`),
    async withSession(work) {
      // Help and usage errors need no database driver, so they come at once.
      const { openSession } = await import('./session.ts');
      const { session, close, explain } = await openSession();
      try {
        await work(session);
      } catch (error) {
        throw await explain(error);
      } finally {
        await close();
      }
    },
  });
}

/**
 * Runs the command that the words name. `help …` is the same as `… --help`.
 * @throws {UsageError} if there is none, or if it does not take the options given
 */
export async function runWords(
  given: readonly string[],
  cli: Cli,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const words = given[0] === 'help' ? [...given.slice(1), '--help'] : given;
  const program = createCommands(cli);
  const command = findCommand(program, words);
  checkLostOptions(command, words, env);
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    const usageError = asUsageError(error, command);
    if (usageError !== null) throw usageError;
  }
}
