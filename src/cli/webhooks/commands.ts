import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { deliveriesCommand } from './deliveries.ts';
import { deliveryCommand } from './delivery.ts';
import { enableCommand } from './enable.ts';
import { endpointsCommand } from './endpoints.ts';
import { replayCommand } from './replay.ts';
import { secretCommand } from './secret.ts';
import { testCommand } from './test.ts';

export function createWebhooksCommands(cli: Cli): Command[] {
  return [
    secretCommand(cli),
    endpointsCommand(cli),
    enableCommand(cli),
    deliveriesCommand(cli),
    deliveryCommand(cli),
    replayCommand(cli),
    testCommand(cli),
  ];
}
