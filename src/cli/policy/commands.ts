import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { tuneCommand } from './tune.ts';

export function createPolicyCommands(cli: Cli): Command[] {
  return [tuneCommand(cli)];
}
