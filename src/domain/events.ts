import {
  type AssetErrors,
  type NotificationKey,
  STATE_OF_NOTIFICATION,
  type TerminalState,
} from './asset.ts';

/**
 * What webhooks are sent, byte for byte: all bodies of events are made here. A body is stored with its delivery, so each try sends
 * and signs the same bytes. `docs/openapi.json` describes them; a test holds the two together.
 */

/** The event that tells of the end of an attempt. */
export const EVENT_OF_STATE = {
  complete: 'onSuccess',
  failed: 'onFailure',
  canceled: 'onCancel',
} as const satisfies Record<TerminalState, NotificationKey>;

export function startEventBody(assetId: string): string {
  return JSON.stringify({ id: assetId, state: STATE_OF_NOTIFICATION.onStart });
}

/** `errors` of an asset that failed; otherwise null. */
export function endEventBody(assetId: string, state: TerminalState, errors: AssetErrors | null): string {
  return JSON.stringify({ id: assetId, state, ...(errors !== null && { errors }) });
}

/** Someone tries a receiver: there is no asset, so the delivery gives its id. */
export function testEventBody(deliveryId: string): string {
  return JSON.stringify({ id: deliveryId, state: 'test' });
}

/** Asks a receiver for proof that it wants events: it answers with the same `challenge`. */
export function challengeEventBody(id: string, challenge: string): string {
  return JSON.stringify({ id, state: 'challenge', challenge });
}
