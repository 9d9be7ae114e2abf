import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type {
  CancelEvent,
  ChallengeEvent,
  FailureEvent,
  StartEvent,
  SuccessEvent,
  TestEvent,
} from './schema.ts';

export { WebhookVerificationError };

/** The body of a webhook. `state` says which event it is. */
export type WebhookEvent =
  | StartEvent
  | SuccessEvent
  | FailureEvent
  | CancelEvent
  | TestEvent
  | ChallengeEvent;

/** Headers as `fetch` or Node gives them. */
type GivenHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Returns the event if it was signed with the secret less than five minutes ago. Events come at least once, so drop an event
 * whose `webhookId` you have seen.
 * @param body the exact bytes that came. JSON that was parsed and written again has another signature.
 * @throws {WebhookVerificationError}
 */
export function verifyWebhook({
  secret,
  headers,
  body,
}: {
  /** `whsec_…` */
  secret: string;
  headers: GivenHeaders;
  body: string | Uint8Array;
}): WebhookEvent & { readonly webhookId: string } {
  const signed = {
    'webhook-id': read(headers, 'webhook-id'),
    'webhook-timestamp': read(headers, 'webhook-timestamp'),
    'webhook-signature': read(headers, 'webhook-signature'),
  };
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const event = new Webhook(secret).verify(text, signed) as WebhookEvent;
  return { ...event, webhookId: signed['webhook-id'] };
}

function read(headers: GivenHeaders, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  return typeof value === 'string' ? value : '';
}
