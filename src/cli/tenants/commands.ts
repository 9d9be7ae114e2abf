import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { limitCommand } from './limit.ts';
import { listCommand } from './list.ts';

export function createTenantsCommands(cli: Cli): Command[] {
  return [listCommand(cli), limitCommand(cli)];
}
