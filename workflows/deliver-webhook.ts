import { proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { DeliverWebhookInput } from './contract.ts';

const { sendWebhook } = proxyActivities<Activities>({
  // 10 s for the receiver, the rest for reading and recording.
  startToCloseTimeout: '20 s',
  // Failures of the receiver are results; what is retried here is our own trouble.
  retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '60 s' },
  summary: 'Send the webhook',
});

/** Tries one delivery on its schedule until the receiver has it, refuses it for good, or the schedule runs out. */
export async function deliverWebhook({ deliveryId }: DeliverWebhookInput): Promise<void> {
  for (;;) {
    const result = await sendWebhook({ deliveryId });
    if (result.outcome === 'done') return;
    await sleep(result.waitMs);
  }
}
