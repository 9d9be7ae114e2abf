import {
  condition,
  continueAsNew,
  patched,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
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
 * A run that has more events than this goes on as a new run. A wait or a try adds about ten. Temporal ends a run at 51,200
 * events, and takes no more than 10,000 signals for one.
 */
const MAX_EVENTS = 200;

/**
 * Tries one delivery on its schedule until the receiver accepts it, refuses it for good, or the schedule runs out. The
 * signal `tryNow` ends a wait early. If it comes during the last try, the tries start over, because a replay has made
 * the delivery pending again. The row counts the tries, so a new run needs nothing of the run before. A signal between the two is
 * not lost, because each run begins with a try.
 */
export async function deliverWebhook({ deliveryId }: DeliverWebhookInput): Promise<void> {
  let isAskedFor = false;
  setHandler(tryNowSignal, () => {
    isAskedFor = true;
  });
  for (;;) {
    if (workflowInfo().historyLength > MAX_EVENTS && patched('continues-as-new'))
      await continueAsNew<typeof deliverWebhook>({ deliveryId });
    isAskedFor = false;
    const result = await sendWebhook({ deliveryId });
    if (result.outcome === 'later') await condition(() => isAskedFor, result.waitMs);
    else if (!isAskedFor) return;
  }
}
