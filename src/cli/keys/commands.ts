import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { createCommand } from './create.ts';
import { limitCommand } from './limit.ts';
import { listCommand } from './list.ts';
import { revokeCommand } from './revoke.ts';
import { rotateCommand } from './rotate.ts';

export function createKeysCommands(cli: Cli): Command[] {
  return [createCommand(cli), listCommand(cli), rotateCommand(cli), revokeCommand(cli), limitCommand(cli)];
}
