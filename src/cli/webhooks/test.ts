import type { Command } from 'commander';
import type { DeliveryEntry, DeliveryLog } from '../../domain/ports/webhooks.ts';
import { CannotRun } from '../../process/program.ts';
import type { Cli } from '../cli.ts';
import { asUrl } from '../values.ts';
import { describeTriesAndNext, describeTries } from './delivery-output.ts';
import { chooseTenant, tenantCommand, type TenantOption } from './tenant-command.ts';

const TIMEOUT_MS = 15_000;
const LOOK_AGAIN_MS = 100;
const EXIT_NOT_DELIVERED = 1;

export function testCommand({ print, withSession }: Cli): Command {
  return tenantCommand('test')
    .description(
      'Sends {"id":"…","state":"test"} and waits for the answer. Exit code 1: it was not delivered.',
    )
    .argument('<url>', "the receiver's URL", asUrl)
    .action((url: string, options: TenantOption) =>
      withSession(async ({ directory, deliveryLog }) => {
        const tenant = await chooseTenant(directory, options);
        const { id } = await deliveryLog.sendTest(tenant, url);
        print(`Test event ${id} …`);
        const entry = await waitForTry(deliveryLog, tenant, id);
        if (entry.state !== 'delivered')
          throw new CannotRun(describeTriesAndNext(entry, tenant), EXIT_NOT_DELIVERED);
        print(describeTries(entry));
      }),
    );
}

/** @throws {CannotRun} if no try was made in time */
async function waitForTry(log: DeliveryLog, tenant: string, id: string): Promise<DeliveryEntry> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const entry = await log.find(tenant, id);
    if (entry !== null && (entry.tries.length > 0 || entry.state !== 'pending')) return entry;
    if (performance.now() > deadline) throw new CannotRun(whyNoTry(entry?.dueAt ?? null), EXIT_NOT_DELIVERED);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

function whyNoTry(dueAt: Date | null): string {
  return dueAt !== null && dueAt.getTime() > Date.now()
    ? `No try was made yet.\nThe first one is due at ${dueAt.toISOString()}: the receiver failed before, or the tenant has used up its tries of this minute.`
    : 'No try was made yet.\nCheck that a worker runs.';
}
