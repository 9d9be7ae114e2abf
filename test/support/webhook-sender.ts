import { createAddressGuard } from '../../src/network/address-guard.ts';
import { createLookup } from '../../src/network/names/lookup.ts';
import { createSecretBox } from '../../src/webhooks/secret-box.ts';
import { createWebhookSender } from '../../src/webhooks/send.ts';

/** Seals the secrets of a test's endpoints. */
export const secretBox = createSecretBox([Buffer.alloc(32, 'k')]);

/** A sender as a worker makes it. It may also reach receivers on loopback. */
export function createTestSender(
  settings: Partial<Parameters<typeof createWebhookSender>[0]> = {},
): ReturnType<typeof createWebhookSender> {
  return createWebhookSender({
    secretBox,
    isAllowed: createAddressGuard(['127.0.0.0/8']),
    lookup: createLookup({ servers: [] }),
    eventsPerMinute: 1_000,
    challenge: 'off',
    now: () => performance.now(),
    random: Math.random,
    ...settings,
  });
}

type Sent = Parameters<ReturnType<typeof createWebhookSender>['send']>[0];

/** What `send` takes for one event of an endpoint that proved nothing yet. */
export function eventFor({
  url,
  endpointId,
  secrets,
  timeoutMs,
}: Pick<Sent, 'url' | 'endpointId' | 'timeoutMs'> & Pick<Sent['endpoint'], 'secrets'>): Sent {
  return {
    id: 'delivery-1',
    tenant: 'default',
    url,
    body: '{"id":"x","state":"complete"}',
    endpointId,
    endpoint: { isDisabled: false, isVerified: false, secrets },
    timeoutMs,
    onVerified: () => Promise.resolve(),
  };
}
