import { Command, type Help } from 'commander';
import { createKeysCommands } from './keys/commands.ts';
import type { Cli } from './cli.ts';
import { createPolicyCommands } from './policy/commands.ts';
import { commandName, PROGRAM } from './usage.ts';
import { createTenantsCommands } from './tenants/commands.ts';
import { createWebhooksCommands } from './webhooks/commands.ts';

const DATABASE = `
Database: the one of DATABASE_URL. If that is not set: the one of the stack that
\`npm run dev\` last started here.`;

/** Groups whose commands work on files alone. */
const NEED_NO_DATABASE: ReadonlySet<string> = new Set(['policy']);

/** The whole command line: a group for each resource, a file for each command. */
export function createCommands(cli: Cli): Command {
  const program = new Command(PROGRAM)
    .description(
      'Manages API keys, limits of tenants and webhooks, straight in the database, and tunes policies by examples.',
    )
    .configureHelp({ helpWidth: 100, visibleCommands: leaves, subcommandTerm: term });
  const groups = [
    new Command('keys').description('API keys. A key belongs to a tenant and has scopes.'),
    new Command('tenants').description(
      'Tenants and their limits. A tenant exists as soon as it has its first key.',
    ),
    new Command('webhooks').description(
      'Webhooks of one tenant: its endpoints, their secrets, the delivery log. Name the tenant by --tenant. You may leave it out while "default" is the only tenant.',
    ),
    new Command('policy').description('Policies: thresholds by examples.'),
  ] as const;
  const commands = [
    createKeysCommands(cli),
    createTenantsCommands(cli),
    createWebhooksCommands(cli),
    createPolicyCommands(cli),
  ];
  for (const [index, group] of groups.entries()) {
    for (const command of commands[index] ?? []) group.addCommand(command);
    program.addCommand(group);
  }
  for (const command of [program, ...program.commands, ...leaves(program)]) {
    command
      .copyInheritedSettings(program)
      .helpCommand(false)
      .helpOption('-h, --help', 'show this help')
      .exitOverride()
      .configureOutput({ writeOut: (text) => cli.print(text.trimEnd()), writeErr: () => undefined });
    if (!NEED_NO_DATABASE.has(commandName(command).split(' ')[0] ?? ''))
      command.addHelpText('after', DATABASE);
    // A group without a command shows its help, and so does the program.
    if (command.commands.length > 0) command.action(() => command.outputHelp());
  }
  return program;
}

/** The commands below this one that do something themselves. */
function leaves(command: Command): Command[] {
  return command.commands.flatMap((child) => (child.commands.length === 0 ? [child] : leaves(child)));
}

/** E.g. `keys rotate [options] <id>`. */
function term(this: Help, command: Command): string {
  return `${commandName(command)} ${command.usage()}`;
}
