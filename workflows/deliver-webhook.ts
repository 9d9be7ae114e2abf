import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { type DeliverWebhookInput, tryNowSignal } from './contract.ts';

const { sendWebhook } = proxyActivities<Activities>({
  // The receiver gets 10 s. The rest is for reading and recording.
  startToCloseTimeout: '20 s',
  // A failure of the receiver is a result. Temporal retries only our own trouble.
  retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '60 s' },
  summary: 'Send the webhook',
});

/**
 * Tries one delivery on its schedule until the receiver accepts it, refuses it for good, or the schedule runs out. The
 * signal `tryNow` ends a wait early. If it comes during the last try, the tries start over, because a replay has made
 * the delivery pending again.
 */
export async function deliverWebhook({ deliveryId }: DeliverWebhookInput): Promise<void> {
  let isAskedFor = false;
  setHandler(tryNowSignal, () => {
    isAskedFor = true;
  });
  for (;;) {
    isAskedFor = false;
    const result = await sendWebhook({ deliveryId });
    if (result.outcome === 'later') await condition(() => isAskedFor, result.waitMs);
    else if (!isAskedFor) return;
  }
}
